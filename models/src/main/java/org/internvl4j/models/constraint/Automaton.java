package org.internvl4j.models.constraint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A grammar as an automaton over bytes that is made deterministic where it is walked: a state is
/// the set of places of the grammar where an answer may be, each with the rules it returns to.
///
/// State 0 is the dead one. For one thread.
final class Automaton {
  static final int DEAD = 0;

  /// How many places a state has at most. More are left out, of which there are some only where
  /// choices look alike over many levels; from each place that stays the end can be reached.
  private static final int MAX_PLACES = 2_000;

  private static final int UNKNOWN = -1;

  private final Grammar grammar;

  /// A frame is where a rule returns to, and in which frame. Frame 0 is the outermost.
  private final Map<Long, Integer> frames = new HashMap<>();

  private final List<long[]> frameList = new ArrayList<>();
  private final Map<Places, Integer> ids = new HashMap<>();
  private final List<Places> states = new ArrayList<>();
  private int[][] moves = new int[256][];

  private final LongSet seen = new LongSet();
  private long[] open = new long[64];
  private int openCount;
  private long[] kept = new long[64];
  private int keptCount;
  private boolean ended;
  private boolean free;

  /// States in which [Grammar#free] characters may come.
  private final BitSet freeStates = new BitSet();

  /// Places, `node << 32 | frame`, in ascending order, and whether the answer may end.
  private record Places(long[] places, boolean ended) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Places p && ended == p.ended && Arrays.equals(places, p.places);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(places) * 2 + (ended ? 1 : 0);
    }
  }

  Automaton(Grammar grammar) {
    this.grammar = grammar;
    frameList.add(new long[] {-1, -1});
    add(new Places(new long[0], false));
  }

  /// The state in front of a rule.
  int start(int rule) {
    begin();
    open(rule, 0);
    return finish();
  }

  /// How many states there are so far.
  int size() {
    return states.size();
  }

  /// Forgets all states but one.
  ///
  /// @return its new number
  int forgetAllBut(int state) {
    Places places = states.get(state);
    boolean wasFree = freeStates.get(state);
    freeStates.clear();
    List<long[]> old = new ArrayList<>(frameList);
    frames.clear();
    frameList.subList(1, frameList.size()).clear();
    ids.clear();
    states.clear();
    Arrays.fill(moves, null);
    add(new Places(new long[0], false));
    long[] moved = new long[places.places.length];
    Map<Integer, Integer> renamed = new HashMap<>();
    for (int i = 0; i < moved.length; i++) {
      long place = places.places[i];
      moved[i] = place >> 32 << 32 | rename((int) place, old, renamed);
    }
    Arrays.sort(moved);
    int renewed = add(new Places(moved, places.ended));
    freeStates.set(renewed, wasFree);
    return renewed;
  }

  private int rename(int frame, List<long[]> old, Map<Integer, Integer> renamed) {
    // from the outermost frame inwards, so that deep ones need no deep stack
    IntStack chain = new IntStack();
    int at = frame;
    while (at != 0 && !renamed.containsKey(at)) {
      chain.push(at);
      at = (int) old.get(at)[1];
    }
    int name = renamed.getOrDefault(at, 0);
    while (!chain.isEmpty()) {
      int next = chain.pop();
      name = frame((int) old.get(next)[0], name);
      renamed.put(next, name);
    }
    return name;
  }

  /// Whether [TokenTrie#FREE] characters of any kind may come next inside a string.
  boolean isFree(int state) {
    return freeStates.get(state);
  }

  boolean mayEnd(int state) {
    return states.get(state).ended;
  }

  /// Whether the answer must end.
  boolean mustEnd(int state) {
    return states.get(state).places.length == 0;
  }

  /// The state behind a byte of `0 … 255`.
  int next(int state, int value) {
    int[] row = moves[state];
    if (row == null) {
      row = new int[256];
      Arrays.fill(row, UNKNOWN);
      moves[state] = row;
    }
    int to = row[value];
    if (to == UNKNOWN) {
      to = step(state, value);
      row[value] = to;
    }
    return to;
  }

  private int step(int state, int value) {
    begin();
    for (long place : states.get(state).places) {
      int node = (int) (place >> 32);
      for (int e = grammar.firstEdge(node); e >= 0; e = grammar.nextEdge(e)) {
        if (grammar.reads(e, value)) {
          open(grammar.target(e), (int) place);
        }
      }
    }
    return finish();
  }

  private void begin() {
    seen.clear();
    openCount = 0;
    keptCount = 0;
    ended = false;
    free = false;
  }

  private void open(int node, int frame) {
    long place = (long) node << 32 | frame;
    if (seen.add(place)) {
      if (openCount == open.length) {
        open = Arrays.copyOf(open, 2 * openCount);
      }
      open[openCount++] = place;
    }
  }

  /// Follows everything that reads nothing.
  private int finish() {
    while (openCount > 0 && keptCount < MAX_PLACES) {
      long place = open[--openCount];
      int node = (int) (place >> 32);
      int frame = (int) place;
      if (node == Grammar.END) {
        if (frame == 0) {
          ended = true;
        } else {
          open((int) frameList.get(frame)[0], (int) frameList.get(frame)[1]);
        }
        continue;
      }
      free |= grammar.free(node) > 0;
      boolean reads = false;
      for (int e = grammar.firstEdge(node); e >= 0; e = grammar.nextEdge(e)) {
        int rule = grammar.rule(e);
        if (grammar.reads(e)) {
          reads = true;
        } else if (rule != Grammar.NOTHING) {
          open(rule, frame(grammar.target(e), frame));
        } else {
          open(grammar.target(e), frame);
        }
      }
      if (reads) {
        keep(place);
      }
    }
    if (keptCount == 0 && !ended) {
      return DEAD;
    }
    long[] places = Arrays.copyOf(kept, keptCount);
    Arrays.sort(places);
    int state = add(new Places(places, ended));
    if (free) {
      freeStates.set(state);
    }
    return state;
  }

  private void keep(long place) {
    if (keptCount == kept.length) {
      kept = Arrays.copyOf(kept, 2 * keptCount);
    }
    kept[keptCount++] = place;
  }

  private int frame(int returnsTo, int outer) {
    // a rule that is the last thing of another returns to where that one returns
    if (returnsTo == Grammar.END) {
      return outer;
    }
    long key = (long) returnsTo << 32 | outer;
    Integer known = frames.get(key);
    if (known == null) {
      known = frameList.size();
      frames.put(key, known);
      frameList.add(new long[] {returnsTo, outer});
    }
    return known;
  }

  private int add(Places places) {
    Integer known = ids.putIfAbsent(places, states.size());
    if (known != null) {
      return known;
    }
    if (states.size() == moves.length) {
      moves = Arrays.copyOf(moves, 2 * moves.length);
    }
    states.add(places);
    return states.size() - 1;
  }
}
