package org.internvl4j.testkit;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;

/// Tokens drawn by their logits: every device draws the same ones.
final class SampleCases {
  private final List<KernelCase> cases = new ArrayList<>();

  private SampleCases() {}

  static List<KernelCase> all() {
    SampleCases all = new SampleCases();
    all.options();
    all.edges();
    all.guesses();
    return all.cases;
  }

  private void add(String name, KernelCase.Body body) {
    cases.add(new KernelCase("sample " + name, Tolerance.exact(), body));
  }

  /// What an answer wants: temperature, topK, topP, penalty.
  private record Options(float temperature, int topK, float topP, float penalty) {}

  /// What was said and how many tokens there are, in memory.
  private record State(Tensor options, Tensor draws, Tensor said) {
    static State of(Inputs in, int tokens, long seed, Options... options) {
      int answers = options.length;
      float[] values = new float[4 * answers];
      long[] draws = new long[2 * answers];
      for (int i = 0; i < answers; i++) {
        values[4 * i] = options[i].temperature;
        values[4 * i + 1] = options[i].topK;
        values[4 * i + 2] = options[i].topP;
        values[4 * i + 3] = options[i].penalty;
        draws[2 * i] = seed + i;
      }
      Tensor wanted = in.result(DType.F32, answers, 4);
      Tensor none = in.result(DType.I64, answers, 2);
      Tensor nothing = in.result(DType.U8, answers, tokens);
      wanted.fromHost(MemorySegment.ofArray(values));
      none.fromHost(MemorySegment.ofArray(draws));
      nothing.fromHost(MemorySegment.ofArray(new byte[answers * tokens]));
      return new State(wanted, in.copy(none), in.copy(nothing));
    }

    Tensor choose(Inputs in, Tensor x) {
      return x.sample(in.ids(1, x.dim(0)), options, draws, said);
    }
  }

  /// Five tokens of each of three answers, row by row `[15]`.
  private static Tensor several(Inputs in, Tensor x, State state) {
    Tensor y = in.result(DType.I32, 5, x.dim(0));
    for (int i = 0; i < 5; i++) {
      y.select(0, i).copyFrom(state.choose(in, x));
    }
    return y;
  }

  private void options() {
    List<Options> all =
        List.of(
            new Options(0, 0, 1, 1),
            new Options(0, 0, 1, 2.5f),
            new Options(1, 0, 1, 1),
            new Options(0.7f, 0, 0.95f, 1.1f),
            new Options(1, 5, 1, 1),
            new Options(2, 40, 0.5f, 0.8f),
            new Options(30, 0, 0.9f, 1),
            new Options(1e-30f, 3, 1, 1),
            new Options(3e38f, 1, 0.3f, 1),
            new Options(0.02f, 900, 1, 1));
    for (int tokens : new int[] {1, 7, 31, 257, 1501, 5003}) {
      for (Options o : all) {
        add(
            "[3, " + tokens + "] " + o,
            in -> several(in, in.activations(3, tokens), State.of(in, tokens, 7, o, o, o)));
      }
    }
    add(
        "[10, 999] each with options of its own, rows with gaps",
        in ->
            several(
                in, in.strided(3, 7, 10, 999), State.of(in, 999, -5, all.toArray(Options[]::new))));
    add(
        "[2, 151655]",
        in ->
            State.of(in, 151_655, 3, all.get(3), all.get(6))
                .choose(in, in.activations(2, 151_655)));
  }

  private void edges() {
    for (Options o :
        List.of(
            new Options(1, 0, 1, 1),
            new Options(1, 700, 1, 1),
            new Options(1, 0, 0.37f, 1),
            new Options(1, 700, 0.5f, 1))) {
      add("of 2000 equal ones " + o, in -> several(in, equal(in, 2000), State.of(in, 2000, 9, o)));
    }
    Options draw = new Options(1, 0, 1, 1);
    float infinity = Float.POSITIVE_INFINITY;
    add(
        "of NaN and infinities",
        in ->
            several(
                in,
                in.values(
                        -infinity, -infinity, -1e38f, -1, //
                        1, Float.NaN, 2, 3, //
                        infinity, 1, infinity, -infinity, //
                        -infinity, -infinity, -infinity, -infinity)
                    .view(4, 4),
                State.of(in, 4, 1, draw, draw, draw, draw)));
    add(
        "of zeros of both signs",
        in ->
            several(
                in,
                in.values(0, -0f, 0, -0f, -0f, 0).view(1, 6),
                State.of(in, 6, 2, new Options(1, 3, 1, 1))));
    add("what was said", in -> said(in).said());
    add("how many were chosen", in -> said(in).draws());
  }

  private static Tensor equal(Inputs in, int tokens) {
    return in.uniform(0, 1, tokens);
  }

  private static State said(Inputs in) {
    State state = State.of(in, 75, 4, new Options(1.5f, 0, 1, 1.3f), new Options(1, 0, 1, 1));
    several(in, in.activations(2, 75), state);
    return state;
  }

  /// Rows of one answer: wrong from some row on, or right.
  private void guesses() {
    for (Options o : List.of(new Options(0, 0, 1, 1.5f), new Options(0.8f, 4, 1, 2))) {
      add(
          "four rows of an answer, each guessed right, " + o,
          in -> {
            Tensor x = in.activations(4, 300);
            State alone = State.of(in, 300, 6, o);
            Tensor guesses = in.ids(1, 4);
            for (int row = 0; row < 3; row++) {
              guesses.narrow(0, row + 1, 1).copyFrom(alone.choose(in, x.narrow(0, row, 1)));
            }
            State state = State.of(in, 300, 6, o);
            return x.sample(guesses, state.options, state.draws, state.said);
          });
      add(
          "two answers, the third row of the first guessed wrong, " + o,
          in -> {
            Tensor x = in.activations(8, 300);
            Tensor guesses = in.ids(1, 8);
            State alone = State.of(in, 300, 6, o);
            guesses.narrow(0, 1, 1).copyFrom(alone.choose(in, x.narrow(0, 0, 1)));
            State state = State.of(in, 300, 6, o, o);
            return x.sample(guesses, state.options, state.draws, state.said);
          });
    }
  }
}
