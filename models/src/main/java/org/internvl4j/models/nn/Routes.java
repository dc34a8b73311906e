package org.internvl4j.models.nn;

import java.util.Arrays;

/// Which rows go to which experts, sorted by expert and then by row.
///
/// @param chosen how many experts a row goes to
/// @param starts where the routes of each expert begin, and where the last one's end
/// @param rows of each route
/// @param weights of each route
/// @param places of the routes of each row, `[R, chosen]`, the likeliest expert first
record Routes(int chosen, int[] starts, int[] rows, float[] weights, int[] places) {

  /// Softmax over all experts, in double; each row goes to the likeliest, of equal ones to the
  /// first.
  ///
  /// @param logits `[R, experts]`
  /// @param chosen how many experts a row goes to
  /// @param renormalised whether the weights of the chosen ones are divided by their sum
  static Routes of(float[] logits, int experts, int chosen, boolean renormalised) {
    int count = logits.length / experts;
    int[] expert = new int[count * chosen];
    float[] weight = new float[count * chosen];
    for (int r = 0; r < count; r++) {
      route(logits, r, experts, chosen, renormalised, expert, weight);
    }
    int[] starts = new int[experts + 1];
    for (int e : expert) {
      starts[e + 1]++;
    }
    for (int e = 0; e < experts; e++) {
      starts[e + 1] += starts[e];
    }
    int[] next = Arrays.copyOf(starts, experts);
    Routes routes =
        new Routes(
            chosen,
            starts,
            new int[expert.length],
            new float[expert.length],
            new int[expert.length]);
    for (int i = 0; i < expert.length; i++) {
      int place = next[expert[i]]++;
      routes.rows[place] = i / chosen;
      routes.weights[place] = weight[i];
      routes.places[i] = place;
    }
    return routes;
  }

  private static void route(
      float[] logits,
      int row,
      int experts,
      int chosen,
      boolean renormalised,
      int[] expert,
      float[] weight) {
    double[] p = softmax(logits, row * experts, experts);
    double sum = 0;
    for (int i = row * chosen; i < (row + 1) * chosen; i++) {
      int best = 0;
      for (int e = 1; e < experts; e++) {
        best = p[e] > p[best] ? e : best;
      }
      expert[i] = best;
      weight[i] = (float) p[best];
      sum += p[best];
      p[best] = -1;
    }
    for (int i = row * chosen; renormalised && i < (row + 1) * chosen; i++) {
      weight[i] = (float) (weight[i] / sum);
    }
  }

  private static double[] softmax(float[] logits, int from, int n) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      largest = Math.max(largest, logits[from + i]);
    }
    double[] p = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      p[i] = Math.exp(logits[from + i] - largest);
      sum += p[i];
    }
    for (int i = 0; i < n; i++) {
      p[i] /= sum;
    }
    return p;
  }

  /// How many there are.
  int count() {
    return rows.length;
  }

  /// The first route of an expert.
  int start(int expert) {
    return starts[expert];
  }

  /// The end of an expert's routes.
  int end(int expert) {
    return starts[expert + 1];
  }

  /// The rows that an expert gets.
  int[] rows(int expert) {
    return Arrays.copyOfRange(rows, start(expert), end(expert));
  }

  /// What an expert's words weigh for each of its rows.
  float[] weights(int expert) {
    return Arrays.copyOfRange(weights, start(expert), end(expert));
  }

  /// For every row, the place of its route of this rank: 0 is the likeliest expert's.
  int[] places(int rank) {
    int[] found = new int[places.length / chosen];
    for (int r = 0; r < found.length; r++) {
      found[r] = places[r * chosen + rank];
    }
    return found;
  }
}
