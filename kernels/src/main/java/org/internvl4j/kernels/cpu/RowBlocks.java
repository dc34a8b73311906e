package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Products;

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
      int row = from + ROWS * i;
      int rows = Math.min(ROWS, to - row);
      if (x.isEven()) {
        block(k, rows, x.segment, x.at(row), x.stride(), y, i * bytes(k));
      } else {
        for (int r = 0; r < ROWS; r++) {
          if (r < rows) {
            put(k, x.segment, x.at(row + r), y, i * bytes(k), r);
          } else {
            zeros(k, y, i * bytes(k) + 4L * r);
          }
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
    long stride = PairedRow.bytes(k);
    MemorySegment paired = share.scratch(ROWS * stride);
    for (int i = share.from(blocks); i < end; i++) {
      int row = from + ROWS * i;
      int rows = Math.min(ROWS, to - row);
      for (int r = 0; r < rows; r++) {
        PairedRow.fill(k, x.segment, x.at(row + r), paired, r * stride);
      }
      block(pairs, rows, paired, 0, stride, y, i * bytes(pairs));
    }
  }

  /// Lays out a block of rows that lie `stride` bytes apart from `x0` on.
  ///
  /// @param rows 1 to [#ROWS]
  static void block(
      int k, int rows, MemorySegment x, long x0, long stride, MemorySegment y, long y0) {
    int done = Elementwise.EMITTED ? Products.interleave(k, rows, x, x0, stride, y, y0) : 0;
    if (done == k) {
      return;
    }
    long rest = y0 + LINE * done;
    for (int r = 0; r < ROWS; r++) {
      if (r < rows) {
        put(k - done, x, x0 + r * stride + 4L * done, y, rest, r);
      } else {
        zeros(k - done, y, rest + 4L * r);
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
