package org.internvl4j.loader;

import java.util.Collection;

/// The name that was probably meant.
final class Nearest {
  private Nearest() {}

  /// `lm_head.weight: not in this checkpoint (nearest: model.embed_tokens.weight)`.
  static CheckpointException missing(String name, String what, Collection<String> names) {
    String nearest = null;
    int least = Integer.MAX_VALUE;
    for (String other : names) {
      int distance = distance(name, other, least);
      if (distance < least) {
        least = distance;
        nearest = other;
      }
    }
    return new CheckpointException(
        name, what + (nearest == null ? "" : " (nearest: " + nearest + ")"));
  }

  /// How many characters must be inserted, removed or replaced (Levenshtein 1966); at least `limit`
  /// if there are that many.
  static int distance(String a, String b, int limit) {
    if (Math.abs(a.length() - b.length()) >= limit) {
      return limit;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      int least = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
        least = Math.min(least, row[j]);
      }
      if (least >= limit) {
        return limit;
      }
    }
    return row[b.length()];
  }
}
