package org.internvl4j.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntFunction;

/// The K rows with the highest cosines; of equal ones those whose name comes first.
final class TopRows {
  /// A row and its cosine.
  record Scored(int row, float score) {}

  private final int most;
  private final Comparator<Scored> best;
  private final PriorityQueue<Scored> kept; // the worst first

  /// @param most K, at least 1
  /// @param name of a row that is offered
  TopRows(int most, IntFunction<String> name) {
    this.most = most;
    this.best =
        Comparator.comparingDouble(Scored::score)
            .reversed()
            .thenComparing(scored -> name.apply(scored.row()));
    this.kept = new PriorityQueue<>(best.reversed());
  }

  /// The least score that is worth offering.
  float bar() {
    return kept.size() < most ? Float.NEGATIVE_INFINITY : kept.element().score();
  }

  /// Takes a row if it is among the best so far; never one whose score is not a number.
  ///
  /// @param cosine rounding may have put it a little outside −1 … 1
  void offer(int row, float cosine) {
    float score = Math.min(1, Math.max(-1, cosine));
    if (!(score >= bar())) {
      return;
    }
    kept.add(new Scored(row, score));
    if (kept.size() > most) {
      kept.remove();
    }
  }

  /// The rows, best first.
  List<Scored> best() {
    List<Scored> sorted = new ArrayList<>(kept);
    sorted.sort(best);
    return sorted;
  }
}
