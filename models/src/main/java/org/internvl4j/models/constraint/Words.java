package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A rule of fixed texts: a tree of their bytes.
final class Words {
  private final Grammar grammar;

  /// The next node by node and byte.
  private final Map<Long, Integer> nodes = new HashMap<>();

  Words(Grammar grammar) {
    this.grammar = grammar;
  }

  /// @param words at least one
  int rule(List<String> words) {
    int start = grammar.node();
    for (String word : words) {
      int at = start;
      for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
        int from = at;
        at =
            nodes.computeIfAbsent(
                (long) from << 8 | (b & 0xFF),
                key -> {
                  int to = grammar.node();
                  grammar.bytes(from, b & 0xFF, b & 0xFF, to);
                  return to;
                });
      }
      grammar.empty(at, Grammar.END);
    }
    return start;
  }
}
