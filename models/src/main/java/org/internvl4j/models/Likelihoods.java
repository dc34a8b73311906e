package org.internvl4j.models;

import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.TokenChoice.Candidate;
import org.internvl4j.models.text.Specials;
import org.internvl4j.models.text.Tokenizer;

/// How likely tokens are, from their logits: `log softmax`.
final class Likelihoods {
  private Likelihoods() {}

  /// @param logits `[V]`
  /// @param count how many of the likeliest are wanted; of equally likely ones the lower id first
  static TokenChoice choice(int id, float[] logits, int count, Tokenizer tokenizer) {
    double logSum = logSum(logits);
    List<Candidate> likeliest = new ArrayList<>();
    for (int next : largest(logits, Math.min(count, logits.length))) {
      likeliest.add(candidate(next, logits, logSum, tokenizer));
    }
    return new TokenChoice(candidate(id, logits, logSum, tokenizer), likeliest);
  }

  private static Candidate candidate(int id, float[] logits, double logSum, Tokenizer tokenizer) {
    String text = tokenizer.decode(new int[] {id}, Specials.KEEP);
    return new Candidate(id, text, (float) (logits[id] - logSum));
  }

  /// `log Σ exp x`.
  private static double logSum(float[] x) {
    double max = Double.NEGATIVE_INFINITY;
    for (float value : x) {
      max = Math.max(max, value);
    }
    double sum = 0;
    for (float value : x) {
      sum += Math.exp(value - max);
    }
    return max + Math.log(sum);
  }

  /// The places of the largest values, the largest first.
  private static int[] largest(float[] x, int count) {
    int[] places = new int[count];
    int found = 0;
    for (int i = 0; i < x.length && count > 0; i++) {
      if (found == count && !(x[i] > x[places[count - 1]])) {
        continue;
      }
      int at = found < count ? found++ : count - 1;
      for (; at > 0 && x[i] > x[places[at - 1]]; at--) {
        places[at] = places[at - 1];
      }
      places[at] = i;
    }
    return places;
  }
}
