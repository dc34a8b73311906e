package org.internvl4j.search;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.internvl4j.search.Entry.Embedded;
import org.internvl4j.search.Entry.Seen;

/// The paths that have each row, sorted.
final class RowPaths {
  private final String[] paths; // of row 0, of row 1, …
  private final int[] begins; // of each row's

  private RowPaths(String[] paths, int[] begins) {
    this.paths = paths;
    this.begins = begins;
  }

  static RowPaths of(Catalog catalog) {
    BitSet living = catalog.live();
    int[] begins = new int[catalog.rows() + 1];
    for (Seen seen : catalog.paths().values()) {
      if (seen instanceof Embedded e && living.get(e.row())) {
        begins[e.row() + 1]++;
      }
    }
    Arrays.parallelPrefix(begins, Integer::sum);
    String[] paths = new String[begins[catalog.rows()]];
    int[] next = begins.clone();
    for (Map.Entry<String, Seen> at : catalog.paths().entrySet()) { // sorted
      if (at.getValue() instanceof Embedded e && living.get(e.row())) {
        paths[next[e.row()]++] = at.getKey();
      }
    }
    return new RowPaths(paths, begins);
  }

  /// How many paths there are.
  int count() {
    return paths.length;
  }

  List<String> of(int row) {
    return Arrays.asList(paths).subList(begins[row], begins[row + 1]);
  }

  /// By the first path of each row.
  Comparator<ScoredRow> order() {
    return Comparator.comparing(scored -> paths[begins[scored.row()]]);
  }
}
