package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/// The inner product of everything: six rows times one panel of two vectors.
///
/// `y[r][c] = init[r][c] + Σ_k x[r][k] · panel[k][c]`, the sum in the order of `k`: an element
/// depends on neither the number of rows nor the width of vectors. Twelve accumulators, two weights
/// and a broadcast fill the 16 registers of AVX2; more of them are faster only where both compilers
/// keep them, and the first one gives up on a method of twice this size.
final class Tile {
  /// Rows at most.
  static final int ROWS = 6;

  /// Columns of a panel.
  static final int COLUMNS = 2 * Lanes.N;

  private Tile() {}

  /// @param k terms of the sum
  /// @param x where row 0 begins at `x0`, rows `xStride` bytes apart
  /// @param rows how many of the six rows exist; the last one stands in for those that do not
  /// @param panel `[k][COLUMNS]` floats from `b0`
  /// @param columns how many of the panel's columns exist
  /// @param init start of the sums, rows `iStride` bytes apart; null for zero
  static void run(
      int k,
      MemorySegment x,
      long x0,
      long xStride,
      int rows,
      MemorySegment panel,
      long b0,
      MemorySegment y,
      long y0,
      long yStride,
      int columns,
      @Nullable MemorySegment init,
      long i0,
      long iStride) {
    int left = Math.min(columns, Lanes.N);
    int right = columns - Lanes.N;
    int r1 = Math.min(1, rows - 1);
    int r2 = Math.min(2, rows - 1);
    int r3 = Math.min(3, rows - 1);
    int r4 = Math.min(4, rows - 1);
    int r5 = Math.min(5, rows - 1);
    FloatVector c00 = start(init, i0, left);
    FloatVector c01 = start(init, i0 + Lanes.BYTES, right);
    FloatVector c10 = start(init, i0 + r1 * iStride, left);
    FloatVector c11 = start(init, i0 + r1 * iStride + Lanes.BYTES, right);
    FloatVector c20 = start(init, i0 + r2 * iStride, left);
    FloatVector c21 = start(init, i0 + r2 * iStride + Lanes.BYTES, right);
    FloatVector c30 = start(init, i0 + r3 * iStride, left);
    FloatVector c31 = start(init, i0 + r3 * iStride + Lanes.BYTES, right);
    FloatVector c40 = start(init, i0 + r4 * iStride, left);
    FloatVector c41 = start(init, i0 + r4 * iStride + Lanes.BYTES, right);
    FloatVector c50 = start(init, i0 + r5 * iStride, left);
    FloatVector c51 = start(init, i0 + r5 * iStride + Lanes.BYTES, right);
    long x1 = x0 + r1 * xStride;
    long x2 = x0 + r2 * xStride;
    long x3 = x0 + r3 * xStride;
    long x4 = x0 + r4 * xStride;
    long x5 = x0 + r5 * xStride;
    for (int i = 0; i < k; i++) {
      long o = 4L * i;
      FloatVector b = Lanes.load(panel, b0 + o * COLUMNS);
      FloatVector d = Lanes.load(panel, b0 + o * COLUMNS + Lanes.BYTES);
      FloatVector a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x0 + o));
      c00 = a.fma(b, c00);
      c01 = a.fma(d, c01);
      a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x1 + o));
      c10 = a.fma(b, c10);
      c11 = a.fma(d, c11);
      a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x2 + o));
      c20 = a.fma(b, c20);
      c21 = a.fma(d, c21);
      a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x3 + o));
      c30 = a.fma(b, c30);
      c31 = a.fma(d, c31);
      a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x4 + o));
      c40 = a.fma(b, c40);
      c41 = a.fma(d, c41);
      a = Lanes.all(x.get(JAVA_FLOAT_UNALIGNED, x5 + o));
      c50 = a.fma(b, c50);
      c51 = a.fma(d, c51);
    }
    end(c00, c01, y, y0, columns);
    if (rows > 1) {
      end(c10, c11, y, y0 + yStride, columns);
    }
    if (rows > 2) {
      end(c20, c21, y, y0 + 2 * yStride, columns);
    }
    if (rows > 3) {
      end(c30, c31, y, y0 + 3 * yStride, columns);
    }
    if (rows > 4) {
      end(c40, c41, y, y0 + 4 * yStride, columns);
    }
    if (rows > 5) {
      end(c50, c51, y, y0 + 5 * yStride, columns);
    }
  }

  private static FloatVector start(@Nullable MemorySegment init, long at, int columns) {
    return init == null || columns <= 0 ? Lanes.zero() : Lanes.load(init, at, columns);
  }

  private static void end(
      FloatVector left, FloatVector right, MemorySegment y, long at, int columns) {
    Lanes.store(left, y, at, columns);
    if (columns > Lanes.N) {
      Lanes.store(right, y, at + Lanes.BYTES, columns - Lanes.N);
    }
  }
}
