package org.internvl4j.models;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/// Chooses the next token of one answer. The order of the steps is that of the reference's logits
/// processors: repetition penalty, temperature, top-k, top-p, draw.
final class Sampler {
  private final Generation options;
  private final SplittableRandom random;
  private final Set<Integer> said = new HashSet<>();

  Sampler(Generation options) {
    this.options = options;
    this.random = new SplittableRandom(options.seed());
  }

  /// @param logits one a token of the vocabulary; overwritten
  /// @return the chosen id; of equal logits the lowest id
  int next(float[] logits) {
    penalise(logits);
    int id = options.temperature() == 0 ? argMax(logits) : draw(logits);
    said.add(id);
    return id;
  }

  /// Only tokens of this answer are penalised, not those of the prompt: the reference generates
  /// from embeddings.
  private void penalise(float[] logits) {
    float penalty = options.repetitionPenalty();
    if (penalty == 1) {
      return;
    }
    for (int id : said) {
      logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
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

  private int draw(float[] logits) {
    for (int i = 0; i < logits.length; i++) {
      logits[i] /= options.temperature();
    }
    int[] ids = likeliest(logits);
    double[] probabilities = softmax(logits, ids);
    int kept = nucleus(probabilities);
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      sum += probabilities[i];
    }
    double at = random.nextDouble() * sum;
    for (int i = 0; i < kept - 1; i++) {
      at -= probabilities[i];
      if (at < 0) {
        return ids[i];
      }
    }
    return ids[kept - 1];
  }

  /// The `topK` likeliest ids, or all, likeliest first, lower ids first among equals.
  private int[] likeliest(float[] logits) {
    int k = options.topK() == 0 ? logits.length : Math.min(options.topK(), logits.length);
    // One sortable long a token: the logit's bits in an order that ascends with falling logits,
    // then the id.
    long[] keys = new long[logits.length];
    for (int i = 0; i < keys.length; i++) {
      int bits = Float.floatToIntBits(logits[i] + 0f);
      int ascending = bits ^ ((bits >> 31) & 0x7fffffff);
      keys[i] = ((long) ~ascending << 32) | i;
    }
    Arrays.sort(keys);
    int[] ids = new int[k];
    for (int i = 0; i < k; i++) {
      ids[i] = (int) keys[i];
    }
    return ids;
  }

  private static double[] softmax(float[] logits, int[] ids) {
    double[] probabilities = new double[ids.length];
    double sum = 0;
    for (int i = 0; i < ids.length; i++) {
      probabilities[i] = Math.exp((double) logits[ids[i]] - logits[ids[0]]);
      sum += probabilities[i];
    }
    for (int i = 0; i < ids.length; i++) {
      probabilities[i] /= sum;
    }
    return probabilities;
  }

  /// How many of the likeliest reach `topP` together: a token stays if those before it have not
  /// reached it yet.
  private int nucleus(double[] probabilities) {
    double before = 0;
    int kept = 0;
    while (kept < probabilities.length && (kept == 0 || before < options.topP())) {
      before += probabilities[kept++];
    }
    return kept;
  }
}
