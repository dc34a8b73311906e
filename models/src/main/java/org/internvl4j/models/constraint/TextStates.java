package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A deterministic automaton over characters; state 0 is the first.
///
/// @param limits where intervals of characters begin that it does not tell apart
/// @param table the next state by state and interval; -1 for none
record TextStates(int[] limits, int[][] table, BitSet accepting) {
  /// How many states a text of bounded length may have.
  private static final int MAX_STATES = 50_000;

  /// The texts that are none of some words.
  static TextStates except(Set<String> words) {
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
    return except(Set.of());
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

  /// The rule of a JSON string with such a text.
  ///
  /// @param most how many characters it may have; -1 for any number
  /// @return [Grammar#NOTHING] if there is none
  int rule(Grammar grammar, CharacterRules characters, int least, int most, String where) {
    return new Counted(grammar, characters, least, most, where).rule();
  }

  /// The states of an automaton together with the count of characters so far.
  private final class Counted {
    private final Grammar grammar;
    private final CharacterRules characters;
    private final int least;
    private final int most;
    private final String where;
    private final Map<Long, Integer> ids = new HashMap<>();
    private final List<long[]> states = new ArrayList<>();
    private final List<Map<Integer, CodePoints>> moves = new ArrayList<>();

    Counted(Grammar grammar, CharacterRules characters, int least, int most, String where) {
      this.grammar = grammar;
      this.characters = characters;
      this.least = least;
      this.most = most;
      this.where = where;
      for (int state = 0; state < table.length; state++) {
        moves.add(moves(state));
      }
    }

    /// What leads from a state to each other one.
    private Map<Integer, CodePoints> moves(int state) {
      Map<Integer, List<CodePoints.Range>> ranges = new LinkedHashMap<>();
      for (int i = 0; i < limits.length; i++) {
        int last = i + 1 < limits.length ? limits[i + 1] - 1 : 0x10FFFF;
        if (table[state][i] >= 0 && limits[i] <= 0x10FFFF) {
          ranges
              .computeIfAbsent(table[state][i], to -> new ArrayList<>())
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
        throw new SchemaException(
            where
                + " needs more than "
                + MAX_STATES
                + " states; make its pattern or length smaller");
      }
      states.add(new long[] {state, count});
      return states.size() - 1;
    }

    int rule() {
      id(0, 0);
      List<Map<Integer, CodePoints>> edges = new ArrayList<>();
      for (int i = 0; i < states.size(); i++) {
        int count = (int) states.get(i)[1];
        Map<Integer, CodePoints> own = new LinkedHashMap<>();
        if (most < 0 || count < most) {
          int then = most < 0 ? Math.min(count + 1, least) : count + 1;
          moves.get((int) states.get(i)[0]).forEach((to, set) -> own.put(id(to, then), set));
        }
        edges.add(own);
      }
      BitSet live = live(edges);
      if (!live.get(0)) {
        return Grammar.NOTHING;
      }
      return write(edges, live);
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

    private boolean accepts(int id) {
      return states.get(id)[1] >= least && accepting.get((int) states.get(id)[0]);
    }

    /// From where an end can be reached.
    private BitSet live(List<Map<Integer, CodePoints>> edges) {
      List<IntStack> from = new ArrayList<>();
      edges.forEach(own -> from.add(new IntStack()));
      IntStack open = new IntStack();
      for (int i = 0; i < edges.size(); i++) {
        for (int to : edges.get(i).keySet()) {
          from.get(to).push(i);
        }
        if (accepts(i)) {
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

    private int write(List<Map<Integer, CodePoints>> edges, BitSet live) {
      int start = grammar.node();
      int[] nodes = new int[edges.size()];
      for (int i = live.nextSetBit(0); i >= 0; i = live.nextSetBit(i + 1)) {
        nodes[i] = grammar.node();
        if (accepts(i)) {
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
                grammar.call(from, characters.rule(set), nodes[to]);
              }
            });
      }
      return start;
    }
  }
}
