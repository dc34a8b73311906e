package org.internvl4j.search;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// The exact way: every row times the query, by all threads of a device, bound by reading the rows
/// once.
public final class Scan {
  private static final int BLOCK = 1 << 16; // rows, whose scores stay in cache

  private Scan() {}

  /// The rows that lie nearest, best first; of equal ones the first.
  ///
  /// @param rows `[R, C]`, f32, of length 1, in memory of the host
  /// @param query C numbers, of length 1
  /// @param most how many, at least 1
  public static List<ScoredRow> nearest(Tensor rows, float[] query, int most) {
    TopRows top = new TopRows(most, Comparator.comparingInt(ScoredRow::row));
    BitSet all = new BitSet();
    all.set(0, rows.dim(0));
    run(rows, 0, rows.dim(0), query, all, top);
    return top.best();
  }

  /// Offers rows `from … to - 1`.
  ///
  /// @param rows `[R, C]`, f32, in memory of the host
  /// @param query C numbers
  /// @param living which rows count
  static void run(Tensor rows, int from, int to, float[] query, BitSet living, TopRows top) {
    try (Workspace steps = new Workspace(rows.device(), "scan")) {
      Tensor vector = steps.of(query, query.length);
      long start = steps.position();
      float[] scores = new float[Math.min(BLOCK, Math.max(0, to - from))];
      for (int at = from; at < to; at += BLOCK) {
        int count = Math.min(BLOCK, to - at);
        rows.narrow(0, at, count).in(steps).dot(vector).toFloats(scores);
        offer(scores, at, count, living, top);
        steps.rewind(start);
      }
    }
  }

  private static void offer(float[] scores, int at, int count, BitSet living, TopRows top) {
    float bar = top.bar();
    for (int i = 0; i < count; i++) {
      if (scores[i] >= bar && living.get(at + i)) {
        top.offer(at + i, scores[i]);
        bar = top.bar();
      }
    }
  }
}
