package org.internvl4j.models.text;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/// Strings to numbers, for finding those that begin at a place of a text.
///
/// Immutable after the last [#put].
final class StringTrie {
  private final Map<Long, Integer> edges = new HashMap<>();
  private final Map<Integer, Integer> values = new HashMap<>();
  private final BitSet firsts = new BitSet();

  /// Decides whether a string that was found counts.
  @FunctionalInterface
  interface Filter {
    boolean accepts(int value, int start, int end);
  }

  /// The longest string found.
  record Match(int value, int start, int end) {
    static final Match NONE = new Match(-1, -1, -1);
  }

  /// @param key not empty
  void put(String key, int value) {
    int node = 0;
    firsts.set(key.charAt(0));
    for (int i = 0; i < key.length(); i++) {
      long edge = ((long) node << 16) | key.charAt(i);
      Integer known = edges.putIfAbsent(edge, edges.size() + 1);
      node = known == null ? edges.size() : known;
    }
    values.put(node, value);
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  /// The longest accepted string that begins at `start`, or [Match#NONE].
  Match longest(String text, int start, Filter filter) {
    if (!firsts.get(text.charAt(start))) {
      return Match.NONE;
    }
    Match best = Match.NONE;
    int node = 0;
    for (int i = start; i < text.length(); i++) {
      Integer next = edges.get(((long) node << 16) | text.charAt(i));
      if (next == null) {
        break;
      }
      node = next;
      Integer value = values.get(node);
      if (value != null && filter.accepts(value, start, i + 1)) {
        best = new Match(value, start, i + 1);
      }
    }
    return best;
  }

  /// The first place at or behind `from` where an accepted string begins, and the longest one
  /// there, or [Match#NONE].
  Match first(String text, int from, Filter filter) {
    if (isEmpty()) {
      return Match.NONE;
    }
    for (int i = from; i < text.length(); i++) {
      Match match = longest(text, i, filter);
      if (match.end > 0) {
        return match;
      }
    }
    return Match.NONE;
  }
}
