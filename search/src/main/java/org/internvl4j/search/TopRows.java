package org.internvl4j.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// The K rows with the highest cosines; of equal ones those that come first.
final class TopRows {
  private final int most;
  private final Comparator<ScoredRow> best;
  private final PriorityQueue<ScoredRow> kept; // the worst first

  /// @param most K, at least 1
  /// @param ties the order of rows with equal cosines
  TopRows(int most, Comparator<ScoredRow> ties) {
    this.most = most;
    this.best = Comparator.comparingDouble(ScoredRow::cosine).reversed().thenComparing(ties);
    this.kept = new PriorityQueue<>(best.reversed());
  }

  /// The least cosine that is worth offering.
  float bar() {
    return kept.size() < most ? Float.NEGATIVE_INFINITY : kept.element().cosine();
  }

  /// Takes a row if it is among the best so far; never one whose cosine is not a number.
  ///
  /// @param cosine rounding may have put it a little outside −1 … 1
  void offer(int row, float cosine) {
    float score = Math.min(1, Math.max(-1, cosine));
    if (!(score >= bar())) {
      return;
    }
    kept.add(new ScoredRow(row, score));
    if (kept.size() > most) {
      kept.remove();
    }
  }

  /// The rows, best first.
  List<ScoredRow> best() {
    List<ScoredRow> sorted = new ArrayList<>(kept);
    sorted.sort(best);
    return sorted;
  }
}
