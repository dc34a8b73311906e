package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A deterministic automaton over characters; state 0 is the first.
///
/// @param limits where intervals of characters begin that it does not tell apart
/// @param table the next state by state and interval; -1 for none
record TextStates(int[] limits, int[][] table, BitSet accepting) {
  /// The texts that are none of some words.
  static TextStates except(Set<String> words, Budget budget) {
    TreeSet<Integer> limits = new TreeSet<>(List.of(0));
    words.forEach(word -> word.codePoints().forEach(c -> limits.addAll(List.of(c, c + 1))));
    int[] starts = limits.stream().mapToInt(Integer::intValue).toArray();
    List<int[]> table = new ArrayList<>();
    BitSet accepting = new BitSet();
    int free = 1;
    for (int i = 0; i < 2; i++) {
      table.add(filled(starts.length, free));
      accepting.set(i);
    }
    for (String word : words) {
      int at = 0;
      for (int c : word.codePoints().toArray()) {
        int interval = Arrays.binarySearch(starts, c);
        int to = table.get(at)[interval];
        if (to == free) {
          if ((long) table.size() * starts.length > 20_000_000) {
            throw new SchemaException("schema: the names of its properties are too long together");
          }
          to = table.size();
          budget.spend(starts.length);
          table.add(filled(starts.length, free));
          accepting.set(to);
          table.get(at)[interval] = to;
        }
        at = to;
      }
      accepting.clear(at);
    }
    return new TextStates(starts, table.toArray(int[][]::new), accepting);
  }

  static TextStates any() {
    return except(Set.of(), new Budget());
  }

  private static int[] filled(int length, int value) {
    int[] row = new int[length];
    Arrays.fill(row, value);
    return row;
  }

  /// Where a set begins and where it has ended.
  static Collection<Integer> limits(CodePoints set) {
    List<Integer> limits = new ArrayList<>();
    for (CodePoints.Range range : set.ranges()) {
      limits.add(range.first());
      limits.add(range.last() + 1);
    }
    return limits;
  }
}
