package org.internvl4j.models;

import java.util.SplittableRandom;
import org.internvl4j.models.text.IntList;

/// Chooses the next token of one answer. The order of the steps is that of the reference's logits
/// processors: repetition penalty, temperature, top-k, top-p, draw. Allocates at the first token
/// only.
final class Sampler {
  private static final int MOST_SAID = 4096; // more different ones grow the list

  private final Generation options;
  private final SplittableRandom random;
  private final IntList said;
  private boolean[] isSaid = {};
  private final Ranking ranking = new Ranking();

  Sampler(Generation options) {
    this.options = options;
    this.random = new SplittableRandom(options.seed());
    this.said = new IntList(Math.min(options.maxNewTokens(), MOST_SAID));
  }

  /// Whether the choice is the likeliest token, whatever came before; then [#next] need not be
  /// asked.
  boolean takesLikeliest() {
    return options.temperature() == 0 && options.repetitionPenalty() == 1;
  }

  /// @param logits one a token of the vocabulary; overwritten
  /// @return the chosen id; of equal logits the lowest id
  int next(float[] logits) {
    penalise(logits);
    int id = options.temperature() == 0 ? argMax(logits) : draw(logits);
    remember(id, logits.length);
    return id;
  }

  /// Only tokens of this answer are penalised, not those of the prompt: the reference generates
  /// from embeddings.
  private void penalise(float[] logits) {
    float penalty = options.repetitionPenalty();
    if (penalty == 1) {
      return;
    }
    for (int i = 0; i < said.size(); i++) {
      int id = said.get(i);
      logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }
  }

  private void remember(int id, int vocabulary) {
    if (options.repetitionPenalty() == 1) {
      return;
    }
    if (isSaid.length == 0) {
      isSaid = new boolean[vocabulary];
    }
    if (!isSaid[id]) {
      isSaid[id] = true;
      said.add(id);
    }
  }

  static int argMax(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /// Draws a number below the weight of all tokens that may come, and walks from the likeliest down
  /// to where it lies.
  private int draw(float[] logits) {
    for (int i = 0; i < logits.length; i++) {
      logits[i] /= options.temperature();
    }
    int k = options.topK() == 0 ? logits.length : Math.min(options.topK(), logits.length);
    ranking.start(logits);
    double all = k == logits.length ? ranking.weightOfAll() : ranking.weightOfFirst(k);
    double at = random.nextDouble();
    if (options.topP() == 1) {
      return walk(k, at * all);
    }
    int kept = nucleus(k, options.topP() * all);
    return walk(kept, at * ranking.weightOfFirst(kept));
  }

  /// How many of the likeliest reach `weight` together: a token stays if those before it have not
  /// reached it yet.
  private int nucleus(int k, double weight) {
    double before = 0;
    int kept = 0;
    while (kept < k && (kept == 0 || before < weight)) {
      before += ranking.weight(kept++);
    }
    return kept;
  }

  private int walk(int kept, double weight) {
    double at = weight;
    for (int i = 0; i < kept - 1; i++) {
      at -= ranking.weight(i);
      if (at < 0) {
        return ranking.id(i);
      }
    }
    return ranking.id(kept - 1);
  }
}
