package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;

/// Turns rows of a matrix, as stored, into the columns of a [Tile]'s panel: widened and transposed.
final class Panel {
  private Panel() {}

  /// Bytes of a panel with `k` lines.
  static long bytes(int k) {
    return 4L * k * Tile.COLUMNS;
  }

  /// `panel[i][c] = w[c][i]` for the columns that exist; the others keep what was there.
  ///
  /// @param w first element wanted at `at`, rows `stride` bytes apart
  /// @param columns rows of `w`, at most [Tile#COLUMNS]
  /// @param k elements of each
  static void fill(
      MemorySegment panel,
      long b0,
      MemorySegment w,
      DType dtype,
      long at,
      long stride,
      int columns,
      int k) {
    for (int c = 0; c < columns; c++) {
      long to = b0 + 4L * c;
      switch (dtype) {
        case F32 -> f32(panel, to, w, at + c * stride, k);
        case BF16 -> bf16(panel, to, w, at + c * stride, k);
        case F16 -> f16(panel, to, w, at + c * stride, k);
        case I8, U8, I32, I64, Q8, Q4 -> throw new AssertionError(dtype);
      }
    }
  }

  private static void f32(MemorySegment panel, long to, MemorySegment w, long at, int k) {
    for (int i = 0; i < k; i++) {
      panel.set(
          JAVA_INT_UNALIGNED, to + 4L * Tile.COLUMNS * i, w.get(JAVA_INT_UNALIGNED, at + 4L * i));
    }
  }

  private static void f16(MemorySegment panel, long to, MemorySegment w, long at, int k) {
    for (int i = 0; i < k; i++) {
      panel.set(
          JAVA_FLOAT_UNALIGNED,
          to + 4L * Tile.COLUMNS * i,
          Float.float16ToFloat(w.get(JAVA_SHORT_UNALIGNED, at + 2L * i)));
    }
  }

  /// Four elements a load.
  private static void bf16(MemorySegment panel, long to, MemorySegment w, long at, int k) {
    long step = 4L * Tile.COLUMNS;
    int i = 0;
    for (; i <= k - 4; i += 4) {
      long four = w.get(JAVA_LONG_UNALIGNED, at + 2L * i);
      long o = to + step * i;
      panel.set(JAVA_INT_UNALIGNED, o, (int) four << 16);
      panel.set(JAVA_INT_UNALIGNED, o + step, (int) four & 0xffff0000);
      panel.set(JAVA_INT_UNALIGNED, o + 2 * step, (int) (four >>> 32) << 16);
      panel.set(JAVA_INT_UNALIGNED, o + 3 * step, (int) (four >>> 32) & 0xffff0000);
    }
    for (; i < k; i++) {
      panel.set(JAVA_INT_UNALIGNED, to + step * i, w.get(JAVA_SHORT_UNALIGNED, at + 2L * i) << 16);
    }
  }
}
