package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The rule of a JSON string whose text an automaton accepts: its states, each together with the
/// count of characters so far.
final class TextRule {
  /// How many states a text of bounded length may have.
  private static final int MAX_STATES = 50_000;

  private static final long STATE = 20; // steps

  private final TextStates text;
  private final Grammar grammar;
  private final CharacterRules characters;
  private final Budget budget;
  private final String where;
  private final Map<Long, Integer> ids = new HashMap<>();
  private final List<long[]> states = new ArrayList<>();
  private final List<Map<Integer, CodePoints>> moves = new ArrayList<>();

  /// @param where it stands, for errors
  TextRule(
      TextStates text, Grammar grammar, CharacterRules characters, Budget budget, String where) {
    this.text = text;
    this.grammar = grammar;
    this.characters = characters;
    this.budget = budget;
    this.where = where;
    for (int[] row : text.table()) {
      moves.add(moves(row));
    }
  }

  /// What leads from a state to each other one.
  private Map<Integer, CodePoints> moves(int[] row) {
    int[] limits = text.limits();
    budget.spend(limits.length);
    Map<Integer, List<CodePoints.Range>> ranges = new LinkedHashMap<>();
    for (int i = 0; i < limits.length; i++) {
      int last = i + 1 < limits.length ? limits[i + 1] - 1 : 0x10FFFF;
      if (row[i] >= 0 && limits[i] <= 0x10FFFF) {
        ranges
            .computeIfAbsent(row[i], to -> new ArrayList<>())
            .add(new CodePoints.Range(limits[i], last));
      }
    }
    Map<Integer, CodePoints> sets = new LinkedHashMap<>();
    ranges.forEach((to, list) -> {
      CodePoints set = CodePoints.normal(list);
      if (!set.isEmpty()) {
        sets.put(to, set);
      }
    });
    return sets;
  }

  private int id(int state, int count) {
    long key = (long) state << 32 | count;
    Integer known = ids.putIfAbsent(key, states.size());
    if (known != null) {
      return known;
    }
    if (states.size() == MAX_STATES) {
      throw SchemaException.at(
          where, "needs more than " + MAX_STATES + " states; make its pattern or length smaller");
    }
    states.add(new long[] {state, count});
    return states.size() - 1;
  }

  /// The rule.
  ///
  /// @param least characters that it must have
  /// @param most characters that it may have; -1 for any number
  /// @return [Grammar#NOTHING] if there is none
  int rule(int least, int most) {
    id(0, 0);
    List<Map<Integer, CodePoints>> edges = new ArrayList<>();
    for (int i = 0; i < states.size(); i++) {
      int count = (int) states.get(i)[1];
      Map<Integer, CodePoints> own = new LinkedHashMap<>();
      if (most < 0 || count < most) {
        int then = most < 0 ? Math.min(count + 1, least) : count + 1;
        moves.get((int) states.get(i)[0]).forEach((to, set) -> own.put(id(to, then), set));
      }
      budget.spend(STATE * (1 + own.size()));
      edges.add(own);
    }
    BitSet accepting = accepting(least);
    BitSet live = live(edges, accepting);
    return live.get(0) ? write(edges, live, accepting) : Grammar.NOTHING;
  }

  /// Where so many characters of any kind may come that most tokens need no look.
  private void markFree(List<Map<Integer, CodePoints>> edges, BitSet live, int[] nodes) {
    BitSet free = (BitSet) live.clone();
    for (int round = 0; round < TokenTrie.FREE && !free.isEmpty(); round++) {
      BitSet then = new BitSet();
      for (int i = free.nextSetBit(0); i >= 0; i = free.nextSetBit(i + 1)) {
        CodePoints covered = CodePoints.NONE;
        for (Map.Entry<Integer, CodePoints> edge : edges.get(i).entrySet()) {
          if (free.get(edge.getKey())) {
            budget.spend(1 + covered.ranges().size() + edge.getValue().ranges().size());
            covered = covered.isEmpty() ? edge.getValue() : covered.or(edge.getValue());
          }
        }
        then.set(i, covered.equals(CodePoints.ALL));
      }
      if (then.equals(free)) {
        break;
      }
      free = then;
    }
    for (int i = free.nextSetBit(0); i >= 0; i = free.nextSetBit(i + 1)) {
      grammar.free(nodes[i], TokenTrie.FREE);
    }
  }

  private BitSet accepting(int least) {
    BitSet accepting = new BitSet();
    for (int id = 0; id < states.size(); id++) {
      long[] state = states.get(id);
      accepting.set(id, state[1] >= least && text.accepting().get((int) state[0]));
    }
    return accepting;
  }

  /// From where an end can be reached.
  private static BitSet live(List<Map<Integer, CodePoints>> edges, BitSet accepting) {
    List<IntStack> from = new ArrayList<>();
    edges.forEach(own -> from.add(new IntStack()));
    IntStack open = new IntStack();
    for (int i = 0; i < edges.size(); i++) {
      for (int to : edges.get(i).keySet()) {
        from.get(to).push(i);
      }
      if (accepting.get(i)) {
        open.push(i);
      }
    }
    BitSet live = new BitSet();
    while (!open.isEmpty()) {
      int id = open.pop();
      if (!live.get(id)) {
        live.set(id);
        while (!from.get(id).isEmpty()) {
          open.push(from.get(id).pop());
        }
      }
    }
    return live;
  }

  private int write(List<Map<Integer, CodePoints>> edges, BitSet live, BitSet accepting) {
    int start = grammar.node();
    int[] nodes = new int[edges.size()];
    for (int i = live.nextSetBit(0); i >= 0; i = live.nextSetBit(i + 1)) {
      nodes[i] = grammar.node();
      if (accepting.get(i)) {
        grammar.bytes(nodes[i], '"', '"', Grammar.END);
      }
    }
    grammar.bytes(start, '"', '"', nodes[0]);
    markFree(edges, live, nodes);
    for (int i = live.nextSetBit(0); i >= 0; i = live.nextSetBit(i + 1)) {
      int from = nodes[i];
      edges
          .get(i)
          .forEach((to, set) -> {
            if (live.get(to)) {
              budget.spend(set.ranges().size());
              grammar.call(from, characters.rule(set), nodes[to]);
            }
          });
    }
    return start;
  }
}
