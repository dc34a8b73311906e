package org.internvl4j.models.constraint;

import java.util.Arrays;

/// A recursive transition network over bytes (Woods 1970): nodes, and edges that read a byte, read
/// nothing, or read what another rule says.
///
/// A rule is known by the node it begins at; it ends at [#END]. Whoever adds to it leaves no node
/// from which the end of its rule cannot be reached, so no answer runs into a dead end.
final class Grammar {
  /// The end of every rule.
  static final int END = 0;

  /// "No rule": what matches nothing.
  static final int NOTHING = -1;

  /// How many nodes a schema may make, some 20 MB.
  static final int MAX_NODES = 500_000;

  private static final int MAX_EDGES = 4 * MAX_NODES;
  private static final int EMPTY = -1;

  private int nodes = 1;
  private int edges;
  private int[] first = new int[64];
  private byte[] free = new byte[64];
  private int[] next = new int[64];
  private int[] target = new int[64];

  /// Lowest and highest byte of an edge as `low << 8 | high`; [#EMPTY] without; `-2 - rule` of a
  /// call.
  private int[] label = new int[64];

  Grammar() {
    first[END] = -1;
  }

  int node() {
    if (nodes == MAX_NODES) {
      throw new SchemaException(
          "schema: it needs more than %,d states; make its lengths, counts or lists smaller"
              .formatted(MAX_NODES));
    }
    if (nodes == first.length) {
      first = Arrays.copyOf(first, 2 * nodes);
      free = Arrays.copyOf(free, 2 * nodes);
    }
    first[nodes] = -1;
    return nodes++;
  }

  void bytes(int from, int low, int high, int to) {
    add(from, low << 8 | high, to);
  }

  void empty(int from, int to) {
    add(from, EMPTY, to);
  }

  void call(int from, int rule, int to) {
    add(from, -2 - rule, to);
  }

  /// A path of bytes.
  void path(int from, byte[] bytes, int to) {
    int at = from;
    for (int i = 0; i < bytes.length; i++) {
      int value = bytes[i] & 0xFF;
      int then = i == bytes.length - 1 ? to : node();
      bytes(at, value, value, then);
      at = then;
    }
  }

  /// A node behind a byte that must come.
  int behind(int from, char c) {
    int to = node();
    bytes(from, c, c, to);
    return to;
  }

  /// A node behind a separator: at most one space follows it, so that an answer cannot lose itself
  /// in white space.
  int behindSeparator(int from, char c) {
    int to = behind(from, c);
    int after = node();
    bytes(to, ' ', ' ', after);
    empty(to, after);
    return after;
  }

  private void add(int from, int what, int to) {
    if (edges == MAX_EDGES) {
      throw new SchemaException(
          "schema: it needs more than %,d transitions; make its lengths, counts or lists smaller"
              .formatted(MAX_EDGES));
    }
    if (edges == next.length) {
      next = Arrays.copyOf(next, 2 * edges);
      target = Arrays.copyOf(target, 2 * edges);
      label = Arrays.copyOf(label, 2 * edges);
    }
    next[edges] = first[from];
    target[edges] = to;
    label[edges] = what;
    first[from] = edges++;
  }

  /// Says that any characters may come next inside a string, so many at least.
  void free(int node, int characters) {
    free[node] = (byte) characters;
  }

  // ---- reading

  int free(int node) {
    return free[node];
  }

  int firstEdge(int node) {
    return first[node];
  }

  int nextEdge(int edge) {
    return next[edge];
  }

  int target(int edge) {
    return target[edge];
  }

  boolean reads(int edge) {
    return label[edge] >= 0;
  }

  boolean reads(int edge, int value) {
    int range = label[edge];
    return range >= 0 && range >> 8 <= value && value <= (range & 0xFF);
  }

  /// The rule an edge calls, or [#NOTHING].
  int rule(int edge) {
    return label[edge] <= -2 ? -2 - label[edge] : NOTHING;
  }
}
