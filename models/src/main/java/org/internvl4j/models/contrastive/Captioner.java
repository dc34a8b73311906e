package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Continues a prompt behind a picture's queries, several sequences at a time.
final class Captioner implements BeamSearch.Scorer {
  private final ContrastiveNet net;
  private final String name;
  private final Workspace steps;
  private final Past past;
  private final float[] first; // logits of the whole prompt, [R, V]
  private final long start;

  /// @param name of the model, for messages
  /// @param seen `[1, 1 + P, Cv]`
  /// @param ids of the prompt
  /// @param most tokens that may follow
  /// @param steps where activations go; holds what is remembered of the sequences
  Captioner(
      ContrastiveNet net,
      String name,
      Tensor seen,
      int[] ids,
      int sequences,
      int most,
      Workspace steps) {
    this.net = net;
    this.name = name;
    this.steps = steps;
    int q = net.config().numQueryToken();
    Qllama qllama = net.qllama();
    this.past =
        new Past(
            qllama.config().numHiddenLayers(),
            sequences,
            q + ids.length + most,
            qllama.config().numAttentionHeads(),
            qllama.config().headDim(),
            steps);
    this.start = steps.position();
    Tensor x = net.queries(steps, q + ids.length);
    x.narrow(0, q, ids.length).copyFrom(qllama.embed(steps.of(ids, ids.length)));
    Tensor y = qllama.forward(x, Sights.prompt(q, ids.length), net.view(seen), past);
    past.advance(x.dim(0));
    this.first = qllama.logits(y).toFloats();
    steps.rewind(start);
  }

  /// Logits after each row of queries and prompt, `[R, V]`.
  float[] promptLogits() {
    return first;
  }

  /// Logits of what follows the prompt.
  float[] first() {
    int vocabulary = net.qllama().config().vocabSize();
    return numbers(Arrays.copyOfRange(first, first.length - vocabulary, first.length));
  }

  @Override
  public List<float[]> next(int[] from, int[] tokens) {
    past.select(from, steps);
    Sights sights = Sights.next(tokens.length, past.length(), past.room());
    Tensor x = net.qllama().embed(steps.of(tokens, tokens.length));
    Tensor y = net.qllama().forward(x, sights, null, past);
    past.advance(1);
    float[] all = net.qllama().logits(y).toFloats();
    steps.rewind(start);
    int vocabulary = all.length / tokens.length;
    List<float[]> logits = new ArrayList<>();
    for (int i = 0; i < tokens.length; i++) {
      logits.add(numbers(Arrays.copyOfRange(all, i * vocabulary, (i + 1) * vocabulary)));
    }
    return logits;
  }

  private float[] numbers(float[] logits) {
    for (float v : logits) {
      if (Float.isNaN(v)) {
        throw new CheckpointException(
            name, "computed NaN for the next token; a weight is probably damaged");
      }
    }
    return logits;
  }
}
