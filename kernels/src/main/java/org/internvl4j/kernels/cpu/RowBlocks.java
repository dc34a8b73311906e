package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/// Rows as [TileBf16] and [TileF32] read them: blocks of six, `[k][6]`, so that a tile reads one
/// stream. Rows that do not exist are zero.
final class RowBlocks {
  /// Rows of a block.
  static final int ROWS = 6;

  private static final long LINE = 4L * ROWS;

  private RowBlocks() {}

  /// How many blocks hold `rows` rows.
  static int count(int rows) {
    return (rows + ROWS - 1) / ROWS;
  }

  /// Bytes of a block of rows of `k` elements.
  static long bytes(int k) {
    return LINE * k;
  }

  /// Where input `k` of row `r`, the first of a block, begins among rows of `in` elements.
  static long at(int in, int r, int k) {
    return r / ROWS * bytes(in) + LINE * k;
  }

  /// Lays out rows `from … to − 1`, workers sharing the blocks.
  ///
  /// @param y the first block begins here
  static void fill(Share share, int k, Rows x, int from, int to, MemorySegment y) {
    int blocks = count(to - from);
    int end = share.to(blocks);
    for (int i = share.from(blocks); i < end; i++) {
      long at = i * bytes(k);
      for (int r = 0; r < ROWS; r++) {
        int row = from + ROWS * i + r;
        if (row < to) {
          put(k, x.segment, x.at(row), y, at, r);
        } else {
          zeros(k, y, at + 4L * r);
        }
      }
    }
  }

  /// Lays out rows `from … to − 1` as pairs of bf16 numbers; see [#fill].
  ///
  /// @param k an even number
  static void fillPairs(Share share, int k, Rows x, int from, int to, MemorySegment y) {
    int blocks = count(to - from);
    int end = share.to(blocks);
    int pairs = k / 2;
    MemorySegment row = share.scratch(PairedRow.bytes(k));
    for (int i = share.from(blocks); i < end; i++) {
      long at = i * bytes(pairs);
      for (int r = 0; r < ROWS; r++) {
        if (from + ROWS * i + r < to) {
          PairedRow.fill(k, x.segment, x.at(from + ROWS * i + r), row, 0);
          put(pairs, row, 0, y, at, r);
        } else {
          zeros(pairs, y, at + 4L * r);
        }
      }
    }
  }

  /// Lays `k` elements from `x0` as row `r` of the block at `y0`.
  static void put(int k, MemorySegment x, long x0, MemorySegment y, long y0, int r) {
    long to = y0 + 4L * r;
    for (int i = 0; i < k; i++) {
      y.set(JAVA_INT_UNALIGNED, to + LINE * i, x.get(JAVA_INT_UNALIGNED, x0 + 4L * i));
    }
  }

  /// Row `r` of the block at `x0`, its elements side by side from `y0`.
  static void take(int k, MemorySegment x, long x0, int r, MemorySegment y, long y0) {
    long from = x0 + 4L * r;
    for (int i = 0; i < k; i++) {
      y.set(JAVA_INT_UNALIGNED, y0 + 4L * i, x.get(JAVA_INT_UNALIGNED, from + LINE * i));
    }
  }

  /// Lays zeros as a row of the block whose row they are at `y0`.
  static void zeros(int k, MemorySegment y, long y0) {
    for (int i = 0; i < k; i++) {
      y.set(JAVA_INT_UNALIGNED, y0 + LINE * i, 0);
    }
  }
}
