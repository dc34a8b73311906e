package org.internvl4j.models.text;

import java.util.Arrays;

/// The merges of a BPE vocabulary: which two tokens become which third, and in what order (Sennrich
/// et al. 2016, algorithm 1).
///
/// Immutable after the last [#put].
final class MergeTable {
  private static final long EMPTY = -1;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] merged;

  /// @param merges how many merges there will be
  MergeTable(int merges) {
    int capacity = Integer.highestOneBit(Math.max(4, merges)) * 4;
    pairs = new long[capacity];
    ranks = new int[capacity];
    merged = new int[merges];
    Arrays.fill(pairs, EMPTY);
  }

  /// Adds the merge number `rank`; a pair that comes twice keeps the later rank.
  void put(int left, int right, int rank, int result) {
    long pair = pair(left, right);
    int slot = slot(pair);
    pairs[slot] = pair;
    ranks[slot] = rank;
    merged[rank] = result;
  }

  /// The rank of the merge of two tokens, or -1.
  private int rank(int left, int right) {
    long pair = pair(left, right);
    int slot = slot(pair);
    return pairs[slot] == EMPTY ? -1 : ranks[slot];
  }

  private static long pair(int left, int right) {
    return ((long) left << 32) | right;
  }

  private int slot(long pair) {
    long mixed = pair * 0x9E37_79B9_7F4A_7C15L;
    int slot = (int) (mixed >>> 32) & (pairs.length - 1);
    while (pairs[slot] != EMPTY && pairs[slot] != pair) {
      slot = (slot + 1) & (pairs.length - 1);
    }
    return slot;
  }

  /// Merges the first `count` symbols until no pair is left to merge: the lowest rank first, of
  /// equal ranks the leftmost. Time `O(n log n)`.
  ///
  /// @param symbols token ids; overwritten
  /// @param banned whether a merge that makes this token is left out
  /// @return how many symbols are left, at the beginning of `symbols`
  int merge(int[] symbols, int count, IdSet banned) {
    if (count < 2) {
      return count;
    }
    int[] next = new int[count];
    int[] previous = new int[count];
    MergeQueue queue = new MergeQueue();
    for (int i = 0; i < count; i++) {
      previous[i] = i - 1;
      next[i] = i + 1;
      if (i + 1 < count) {
        propose(queue, symbols, i, i + 1, banned);
      }
    }
    while (!queue.isEmpty()) {
      int at = queue.position();
      int result = queue.target();
      queue.pop();
      int right = symbols[at] < 0 ? count : next[at];
      if (right == count) {
        continue;
      }
      int rank = rank(symbols[at], symbols[right]);
      if (rank < 0 || merged[rank] != result) {
        continue;
      }
      symbols[at] = result;
      symbols[right] = -1;
      next[at] = next[right];
      if (next[at] < count) {
        previous[next[at]] = at;
        propose(queue, symbols, at, next[at], banned);
      }
      if (previous[at] >= 0) {
        propose(queue, symbols, previous[at], at, banned);
      }
    }
    int left = 0;
    for (int i = 0; i < count; i = next[i]) {
      symbols[left++] = symbols[i];
    }
    return left;
  }

  private void propose(MergeQueue queue, int[] symbols, int at, int right, IdSet banned) {
    int rank = rank(symbols[at], symbols[right]);
    if (rank >= 0 && !banned.contains(merged[rank])) {
      queue.push(rank, at, merged[rank]);
    }
  }
}
