package org.internvl4j.models;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// A pass that adds as many tokens to the same sequences each time it runs: recorded the first
/// time, only run again after that. Then it allocates nothing.
///
/// Ids, angles and the pasts are in memory and change; everything else stays. Each run leaves what
/// the next one begins with: the chosen ids and longer pasts, so that nothing goes over but ids
/// that were guessed, and angles now and then. Good for as long as no cache moves ([#fits]).
/// Between two runs the memory of its activations may be used for other things.
final class DecodeStep {
  private final InternVl net;
  private final Workspace steps;
  private final List<Step.Span> spans;
  private final Object[] memories;
  private final Tensor ids;
  private final int[] idArray;
  private final MemorySegment idMemory;
  private final Tensor guesses; // the ids, where the logits are
  private final @Nullable Sampler sampler;
  private final @Nullable Bias bias;
  private boolean idsChanged = true;
  private final Step step;
  private final Workspace.Mark mark;
  private final RecordedPass pass;
  private @Nullable Logits logits;

  /// A step that adds nothing to logits.
  DecodeStep(
      InternVl net, Workspace inputs, Workspace steps, List<Step.Span> spans, boolean draws) {
    this(net, inputs, steps, spans, draws, false);
  }

  /// @param inputs where what one run leaves for the next goes; not to be used for other things
  /// @param steps where activations go
  /// @param spans the sequences, in the order of their rows
  /// @param draws whether tokens are chosen as options say ([#follow]), not always the likeliest
  /// @param biases whether something is added to the logits ([#bias]), of which span so ever
  DecodeStep(
      InternVl net,
      Workspace inputs,
      Workspace steps,
      List<Step.Span> spans,
      boolean draws,
      boolean biases) {
    this.net = net;
    this.steps = steps;
    this.spans = List.copyOf(spans);
    this.memories = spans.stream().map(s -> s.cache().memory()).toArray();
    this.step = net.decoder().repeatedStep(spans, inputs);
    this.ids = inputs.on(net.decoder().device()).allocate(DType.I32, step.rows());
    Workspace last = inputs.on(net.decoder().stages().getLast().device());
    this.guesses = last == ids.workspace() ? ids : last.allocate(DType.I32, step.rows());
    int vocabulary = net.decoder().head().out();
    this.sampler = draws ? new Sampler(spans.size(), vocabulary, last) : null;
    this.bias = biases ? new Bias(step.rows(), vocabulary, last) : null;
    this.idArray = new int[step.rows()];
    this.idMemory = MemorySegment.ofArray(idArray);
    this.mark = steps.mark();
    this.pass = new RecordedPass(net.decoder().isRecordable());
    for (Decoder.Stage stage : net.decoder().stages()) {
      pass.add(stage.device(), x -> compute(stage, x));
    }
    if (choosesAll()) {
      pass.add(net.decoder().device(), ids::copyFrom);
    }
  }

  /// Whether each row is followed by the token that it chooses, with no guesses between.
  private boolean choosesAll() {
    return step.rows() == spans.size();
  }

  /// Whether span `i` still is these rows of that sequence, in the same place, and its tokens may
  /// be chosen here.
  @SuppressWarnings("ReferenceEquality") // a cache and its memory are themselves
  boolean fits(int i, Sequence sequence) {
    return spans.get(i).cache() == sequence.cache()
        && spans.get(i).length() == sequence.prompt().length()
        && memories[i] == sequence.cache().memory()
        && (sampler != null || sequence.options().takesLikeliest())
        && (bias != null || !sequence.isBiased());
  }

  /// How many sequences it adds tokens to.
  int sequences() {
    return spans.size();
  }

  /// Makes sure that the next token of span `i` is chosen as that answer's options say.
  void follow(int i, Sequence sequence) {
    if (sampler != null) {
      sampler.follow(i, sequence.options(), sequence.made());
    }
  }

  /// Makes sure that what is added to the logits of the next token of span `i` is what that answer
  /// asks for.
  void bias(int i, Sequence sequence) {
    if (bias != null) {
      bias.follow(i, sequence);
    }
  }

  /// Puts `id` into row `row` of the next run.
  void put(int row, int id) {
    idsChanged |= idArray[row] != id;
    idArray[row] = id;
  }

  /// Runs the rows through the decoder; the caches hold them afterwards.
  ///
  /// @return what follows each row; good until the next run
  /// @throws java.util.concurrent.CancellationException as the workspace says; the caches hold what
  ///   they held then
  Logits run() {
    steps.requireRunning();
    if (idsChanged) {
      ids.fromHost(idMemory);
      if (guesses != ids) {
        guesses.fromHost(idMemory);
      }
      idsChanged = false;
    }
    step.begin();
    if (pass.isRecorded()) {
      pass.run();
    } else {
      steps.reset(mark);
      pass.record(ids);
    }
    step.advance();
    Logits found = Objects.requireNonNull(logits).fetch();
    for (int i = 0; choosesAll() && i < idArray.length; i++) {
      idArray[i] = found.chosen(i);
    }
    count(found);
    return found;
  }

  private void count(Logits found) {
    int each = step.rows() / spans.size();
    for (int row = 0; sampler != null && row < step.rows(); row++) {
      sampler.count(row / each, found.chosen(row) < 0 ? 0 : 1);
    }
  }

  /// @param x ids for the first stage, activations for the others
  /// @return activations, or the chosen ids after the last stage
  private Tensor compute(Decoder.Stage stage, Tensor x) {
    Decoder decoder = net.decoder();
    Tensor h = stage.from() == 0 ? decoder.embed(x) : x;
    Tensor y = decoder.forward(h, stage, step, t -> {});
    if (stage.to() < decoder.blocks().size()) {
      return y;
    }
    Tensor all = decoder.logits(decoder.norm().forward(y));
    Tensor ranked = bias == null ? all : bias.addTo(all);
    Tensor chosen = sampler == null ? ranked.argMax() : sampler.choose(ranked, guesses);
    logits = new Logits(all, chosen);
    return chosen;
  }
}
