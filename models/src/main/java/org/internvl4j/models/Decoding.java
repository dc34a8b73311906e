package org.internvl4j.models;

import java.util.List;
import org.internvl4j.models.internvl.InternVl;
import org.internvl4j.models.nn.Step;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;

/// Makes answers grow, one pass over the weights a token, however many they are.
final class Decoding implements AutoCloseable {
  private final InternVl net;
  private final Workspace steps;
  private final @Nullable DecodeStep[] decoding = new DecodeStep[1 + Drafts.MOST];
  private final Workspace[] inputs = new Workspace[decoding.length];
  private Workspace.@Nullable Mark start;

  /// @param steps where activations go; belongs to the caller
  Decoding(InternVl net, Workspace steps) {
    this.net = net;
    this.steps = steps;
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = new Workspace(steps.device(), "session");
    }
  }

  /// One more token for each of some sequences, in one pass over the weights; for a single one also
  /// those that it guessed right. Allocates nothing from the second time on, while the sequences
  /// are the same.
  void advance(List<Sequence> sequences) {
    int guesses = sequences.size() == 1 ? sequences.getFirst().draft() : 0;
    DecodeStep step = step(sequences, guesses);
    for (int i = 0; i < sequences.size(); i++) {
      step.follow(i, sequences.get(i));
      step.bias(i, sequences.get(i));
      for (int row = 0; row <= guesses; row++) {
        step.put(i + row, sequences.get(i).row(row));
      }
    }
    Logits logits = step.run();
    for (int i = 0; i < sequences.size(); i++) {
      sequences.get(i).take(logits, i, guesses);
    }
  }

  /// One is kept for each number of guesses; they are never in use together and share the memory of
  /// their activations.
  private DecodeStep step(List<Sequence> sequences, int guesses) {
    DecodeStep last = decoding[guesses];
    if (last != null && fits(last, sequences)) {
      return last;
    }
    if (start == null) {
      start = steps.mark();
    }
    steps.reset(start);
    List<Step.Span> spans =
        sequences.stream()
            .map(s -> new Step.Span(1 + guesses, s.cache(), s.prompt().length()))
            .toList();
    inputs[guesses].reset();
    boolean draws = !sequences.stream().allMatch(s -> s.options().takesLikeliest());
    boolean biases = sequences.stream().anyMatch(Sequence::isBiased);
    DecodeStep step = new DecodeStep(net, inputs[guesses], steps, spans, draws, biases);
    decoding[guesses] = step;
    return step;
  }

  private static boolean fits(DecodeStep step, List<Sequence> sequences) {
    boolean fits = step.sequences() == sequences.size();
    for (int i = 0; fits && i < sequences.size(); i++) {
      fits = step.fits(i, sequences.get(i));
    }
    return fits;
  }

  @Override
  public void close() {
    List.of(inputs).forEach(Workspace::close);
  }
}
