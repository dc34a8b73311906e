package org.internvl4j.models.constraint;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// The bytes of tokens as one tree, in arrays.
final class ByteTree {
  /// Tokens longer than this are left out; only runs of white space or of dashes are.
  static final int MAX_BYTES = 127;

  private final byte[][] bytes;

  /// Ids of tokens, in the order of their bytes.
  private final int[] ids;

  /// Nodes so that each stands in front of what is below it; node 0 is the root.
  private byte[] label = new byte[1024];

  private byte[] depth = new byte[1024];
  private int[] end = new int[1024];
  private int[] firstId = new int[1024];
  private int nodes = 1;
  private int maxDepth;

  ByteTree(byte[][] bytes, IntPredicate which) {
    this.bytes = bytes;
    this.ids =
        IntStream.range(0, bytes.length)
            .filter(id -> bytes[id].length > 0 && bytes[id].length <= MAX_BYTES)
            .filter(which)
            .boxed()
            .sorted(Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned))
            .mapToInt(Integer::intValue)
            .toArray();
    build();
  }

  private void build() {
    int[] path = new int[MAX_BYTES + 1];
    byte[] last = new byte[0];
    for (int i = 0; i < ids.length; i++) {
      byte[] token = bytes[ids[i]];
      int mismatch = Arrays.mismatch(last, token);
      int common = mismatch < 0 ? token.length : mismatch;
      for (int d = last.length; d > common; d--) {
        end[path[d]] = nodes;
      }
      for (int d = common + 1; d <= token.length; d++) {
        grow();
        label[nodes] = token[d - 1];
        depth[nodes] = (byte) d;
        firstId[nodes] = i;
        path[d] = nodes++;
      }
      last = token;
      maxDepth = Math.max(maxDepth, token.length);
    }
    for (int d = last.length; d >= 0; d--) {
      end[path[d]] = nodes;
    }
    grow();
    firstId[nodes] = ids.length;
  }

  private void grow() {
    if (nodes + 1 >= label.length) {
      label = Arrays.copyOf(label, 2 * label.length);
      depth = Arrays.copyOf(depth, 2 * depth.length);
      end = Arrays.copyOf(end, 2 * end.length);
      firstId = Arrays.copyOf(firstId, 2 * firstId.length);
    }
  }

  /// Sets the bits of all tokens that lead from a state to one that is not dead.
  ///
  /// @param dropsSpace whether the first space of a token does not count
  void allow(Automaton automaton, int state, boolean dropsSpace, long[] bits) {
    int[] states = new int[maxDepth + 1];
    walk(automaton, state, 1, nodes, 0, states, bits);
    if (dropsSpace) {
      for (int node = 1; node < nodes; node = end[node]) {
        if (label[node] == ' ') {
          walk(automaton, state, node + 1, end[node], 1, states, bits);
        }
      }
    }
  }

  private void walk(
      Automaton automaton, int state, int from, int to, int below, int[] states, long[] bits) {
    states[below] = state;
    for (int node = from; node < to; ) {
      int d = depth[node];
      int next = automaton.next(states[d - 1], label[node] & 0xFF);
      if (next == Automaton.DEAD) {
        node = end[node];
        continue;
      }
      states[d] = next;
      // a node's own tokens stand in front of those of the node behind it
      for (int i = firstId[node]; i < firstId[node + 1]; i++) {
        bits[ids[i] >> 6] |= 1L << ids[i];
      }
      node++;
    }
  }
}
