package org.internvl4j.models.constraint;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.models.text.Tokenizer;

/// The bytes of all tokens of a vocabulary as one tree, so that what tokens have in common at their
/// beginning is walked once.
///
/// Immutable, safe for use by several threads; made once a model, some 4 MB and half a second for
/// 150,000 tokens.
public final class TokenTrie {
  private final int size;
  private final byte[][] bytes;
  private final boolean dropsSpace;

  /// Ids of tokens that have bytes, in the order of these.
  private final int[] ids;

  /// Nodes so that each stands in front of what is below it; node 0 is the root.
  private byte[] label = new byte[1024];

  private byte[] depth = new byte[1024];
  private int[] end = new int[1024];
  private int[] firstId = new int[1024];
  private int nodes = 1;
  private int maxDepth;

  /// Tokens longer than this are left out; only runs of white space or of dashes are.
  private static final int MAX_BYTES = 127;

  private TokenTrie(byte[][] bytes, boolean dropsSpace) {
    this.size = bytes.length;
    this.bytes = bytes;
    this.dropsSpace = dropsSpace;
    this.ids =
        IntStream.range(0, size)
            .filter(id -> bytes[id].length > 0 && bytes[id].length <= MAX_BYTES)
            .boxed()
            .sorted(Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned))
            .mapToInt(Integer::intValue)
            .toArray();
    build();
  }

  /// The tokens of a tokenizer.
  ///
  /// @param size how many tokens the model chooses from; those the tokenizer does not have are
  ///   never allowed
  /// @throws IllegalArgumentException if there is a byte that no token stands for alone: an answer
  ///   could run into a dead end
  public static TokenTrie of(Tokenizer tokenizer, int size) {
    byte[][] bytes = new byte[size][];
    for (int id = 0; id < size; id++) {
      bytes[id] = id < tokenizer.size() ? tokenizer.bytes(id) : new byte[0];
    }
    return of(bytes, tokenizer.dropsFirstSpace());
  }

  static TokenTrie of(byte[][] bytes, boolean dropsSpace) {
    boolean[] alone = new boolean[256];
    for (byte[] token : bytes) {
      if (token.length == 1) {
        alone[token[0] & 0xFF] = true;
      }
    }
    for (int value = 0x20; value < 0xF5; value++) {
      // what no UTF-8 has: the mark of one byte written as two, and delete, which is never needed
      boolean needed = value != 0xC0 && value != 0xC1;
      if (needed && !alone[value]) {
        throw new IllegalArgumentException(
            "tokenizer: no token stands for byte 0x%02X alone, so answers cannot be held to a schema"
                .formatted(value));
      }
    }
    return new TokenTrie(bytes, dropsSpace);
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

  /// How many tokens the model chooses from.
  public int size() {
    return size;
  }

  /// The bytes of a token; none if it never stands in an answer. Not to be changed.
  byte[] bytes(int id) {
    return bytes[id];
  }

  boolean dropsSpace() {
    return dropsSpace;
  }

  /// Ids of tokens with at least so many quotes.
  List<Integer> withQuotes(int least) {
    return IntStream.range(0, size)
        .filter(
            id -> {
              int quotes = 0;
              for (byte b : bytes[id]) {
                quotes += b == '"' ? 1 : 0;
              }
              return quotes >= least;
            })
        .boxed()
        .toList();
  }

  /// Sets the bits of all tokens that lead from a state to one that is not dead.
  ///
  /// @param atStart whether the first space of a token does not count
  void allow(Automaton automaton, int state, boolean atStart, long[] bits) {
    int[] states = new int[maxDepth + 1];
    walk(automaton, state, 1, nodes, 0, states, bits);
    if (atStart && dropsSpace) {
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
