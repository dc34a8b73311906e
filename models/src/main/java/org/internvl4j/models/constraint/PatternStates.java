package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A pattern as a deterministic automaton over characters (Thompson 1968, then subsets).
final class PatternStates {
  private static final int MAX_NODES = 4_000;
  private static final int MAX_STATES = 1_000;
  private static final long MAX_STEPS = 20_000_000;
  private static final long SET = 8; // steps that a set takes, whatever is in it

  private final String where;
  private final Budget budget;
  private final List<@Nullable CodePoints> sets = new ArrayList<>();
  private final List<int[]> edges = new ArrayList<>();
  private long steps;

  private PatternStates(String where, Budget budget) {
    this.where = where;
    this.budget = budget;
  }

  /// @param where it stands, for errors
  static TextStates of(Pattern pattern, String where, Budget budget) {
    PatternStates states = new PatternStates(where, budget);
    int start = states.node(null, -1, -1);
    int end = states.node(null, -1, -1);
    states.edges.set(start, new int[] {states.build(pattern, end), -1});
    return states.subsets(start, end);
  }

  private int node(@Nullable CodePoints set, int first, int second) {
    if (edges.size() == MAX_NODES) {
      throw SchemaException.at(where, "is a pattern of more than " + MAX_NODES + " states");
    }
    sets.add(set);
    edges.add(new int[] {first, second});
    return edges.size() - 1;
  }

  /// Nodes of a pattern in front of `then`, the first of them.
  private int build(Pattern pattern, int then) {
    return switch (pattern) {
      case Pattern.One(CodePoints set) -> node(set, then, -1);
      case Pattern.Sequence(List<Pattern> parts) -> {
        int at = then;
        for (Pattern part : parts.reversed()) {
          at = build(part, at);
        }
        yield at;
      }
      case Pattern.Choice(List<Pattern> parts) -> {
        int at = build(parts.getLast(), then);
        for (Pattern part : parts.reversed().subList(1, parts.size())) {
          at = node(null, build(part, then), at);
        }
        yield at;
      }
      case Pattern.Repeat repeat -> build(repeat, then);
    };
  }

  private int build(Pattern.Repeat repeat, int then) {
    int at = then;
    if (repeat.most() < 0) {
      at = node(null, -1, then);
      edges.get(at)[0] = build(repeat.part(), at);
    }
    for (int i = repeat.least(); i < repeat.most(); i++) {
      at = node(null, build(repeat.part(), at), then);
    }
    for (int i = 0; i < repeat.least(); i++) {
      at = build(repeat.part(), at);
      // an empty part repeated makes no nodes of its own, but must not run forever
      count(1);
    }
    return at;
  }

  private void count(long more) {
    steps += more;
    budget.spend(more);
    if (steps > MAX_STEPS) {
      throw SchemaException.at(where, "is a pattern with too many ways to match");
    }
  }

  private TextStates subsets(int start, int end) {
    int[] limits = limits();
    Map<BitSet, Integer> ids = new HashMap<>();
    List<BitSet> order = new ArrayList<>();
    List<int[]> table = new ArrayList<>();
    BitSet accepting = new BitSet();
    id(closure(new int[] {start}, 1), ids, order);
    for (int state = 0; state < order.size(); state++) {
      BitSet nodes = order.get(state);
      accepting.set(state, nodes.get(end));
      int[] row = new int[limits.length];
      Arrays.fill(row, -1);
      for (int i = 0; i < limits.length; i++) {
        BitSet reached = step(nodes, limits[i]);
        if (!reached.isEmpty()) {
          row[i] = id(reached, ids, order);
        }
      }
      table.add(row);
    }
    return new TextStates(limits, table.toArray(int[][]::new), accepting);
  }

  private int[] limits() {
    TreeSet<Integer> limits = new TreeSet<>(List.of(0));
    Set<CodePoints> told = Collections.newSetFromMap(new IdentityHashMap<>());
    for (CodePoints set : sets) {
      if (set != null && told.add(set)) {
        count(set.ranges().size());
        limits.addAll(TextStates.limits(set));
      }
    }
    return limits.stream().mapToInt(Integer::intValue).toArray();
  }

  private int id(BitSet nodes, Map<BitSet, Integer> ids, List<BitSet> order) {
    Integer known = ids.putIfAbsent(nodes, order.size());
    if (known != null) {
      return known;
    }
    if (order.size() == MAX_STATES) {
      throw SchemaException.at(where, "is a pattern of more than " + MAX_STATES + " states");
    }
    order.add(nodes);
    return order.size() - 1;
  }

  private BitSet step(BitSet nodes, int c) {
    budget.spend(SET);
    int[] reached = new int[nodes.cardinality()];
    int count = 0;
    for (int node = nodes.nextSetBit(0); node >= 0; node = nodes.nextSetBit(node + 1)) {
      count(1);
      CodePoints set = sets.get(node);
      if (set != null && set.contains(c)) {
        reached[count++] = edges.get(node)[0];
      }
    }
    return closure(reached, count);
  }

  private BitSet closure(int[] from, int count) {
    BitSet seen = new BitSet();
    IntStack open = new IntStack();
    for (int i = 0; i < count; i++) {
      open.push(from[i]);
    }
    while (!open.isEmpty()) {
      int node = open.pop();
      if (node < 0 || seen.get(node)) {
        continue;
      }
      count(1);
      seen.set(node);
      if (sets.get(node) == null) {
        open.push(edges.get(node)[0]);
        open.push(edges.get(node)[1]);
      }
    }
    return seen;
  }
}
