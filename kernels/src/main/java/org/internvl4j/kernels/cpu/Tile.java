package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

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

  /// A line of zeros, for sums that start at nothing.
  static final MemorySegment ZERO = Arena.global().allocate(4L * COLUMNS, 64);

  /// Bytes that [#edge] needs to work in.
  static final long STAGE = 4L * ROWS * COLUMNS;

  /// A tile with all its columns.
  ///
  /// @param k terms of the sum
  /// @param x where row 0 begins at `x0`, rows `xStride` bytes apart
  /// @param rows how many of the six rows exist; the last one stands in for those that do not
  /// @param panel `[k][COLUMNS]` floats from `b0`
  /// @param init start of the sums, rows `iStride` bytes apart
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
      MemorySegment init,
      long i0,
      long iStride) {
    int r1 = Math.min(1, rows - 1);
    int r2 = Math.min(2, rows - 1);
    int r3 = Math.min(3, rows - 1);
    int r4 = Math.min(4, rows - 1);
    int r5 = Math.min(5, rows - 1);
    FloatVector c00 = FloatVector.fromMemorySegment(F, init, i0, LE);
    FloatVector c01 = FloatVector.fromMemorySegment(F, init, i0 + Lanes.BYTES, LE);
    FloatVector c10 = FloatVector.fromMemorySegment(F, init, i0 + r1 * iStride, LE);
    FloatVector c11 = FloatVector.fromMemorySegment(F, init, i0 + r1 * iStride + Lanes.BYTES, LE);
    FloatVector c20 = FloatVector.fromMemorySegment(F, init, i0 + r2 * iStride, LE);
    FloatVector c21 = FloatVector.fromMemorySegment(F, init, i0 + r2 * iStride + Lanes.BYTES, LE);
    FloatVector c30 = FloatVector.fromMemorySegment(F, init, i0 + r3 * iStride, LE);
    FloatVector c31 = FloatVector.fromMemorySegment(F, init, i0 + r3 * iStride + Lanes.BYTES, LE);
    FloatVector c40 = FloatVector.fromMemorySegment(F, init, i0 + r4 * iStride, LE);
    FloatVector c41 = FloatVector.fromMemorySegment(F, init, i0 + r4 * iStride + Lanes.BYTES, LE);
    FloatVector c50 = FloatVector.fromMemorySegment(F, init, i0 + r5 * iStride, LE);
    FloatVector c51 = FloatVector.fromMemorySegment(F, init, i0 + r5 * iStride + Lanes.BYTES, LE);
    long x1 = x0 + r1 * xStride;
    long x2 = x0 + r2 * xStride;
    long x3 = x0 + r3 * xStride;
    long x4 = x0 + r4 * xStride;
    long x5 = x0 + r5 * xStride;
    for (int i = 0; i < k; i++) {
      long o = 4L * i;
      FloatVector b = FloatVector.fromMemorySegment(F, panel, b0 + o * COLUMNS, LE);
      FloatVector d = FloatVector.fromMemorySegment(F, panel, b0 + o * COLUMNS + Lanes.BYTES, LE);
      FloatVector a =
          IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x0 + o)).reinterpretAsFloats();
      c00 = a.fma(b, c00);
      c01 = a.fma(d, c01);
      a = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x1 + o)).reinterpretAsFloats();
      c10 = a.fma(b, c10);
      c11 = a.fma(d, c11);
      a = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x2 + o)).reinterpretAsFloats();
      c20 = a.fma(b, c20);
      c21 = a.fma(d, c21);
      a = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x3 + o)).reinterpretAsFloats();
      c30 = a.fma(b, c30);
      c31 = a.fma(d, c31);
      a = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x4 + o)).reinterpretAsFloats();
      c40 = a.fma(b, c40);
      c41 = a.fma(d, c41);
      a = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x5 + o)).reinterpretAsFloats();
      c50 = a.fma(b, c50);
      c51 = a.fma(d, c51);
    }
    c00.intoMemorySegment(y, y0, LE);
    c01.intoMemorySegment(y, y0 + Lanes.BYTES, LE);
    if (rows > 1) {
      c10.intoMemorySegment(y, y0 + yStride, LE);
      c11.intoMemorySegment(y, y0 + yStride + Lanes.BYTES, LE);
    }
    if (rows > 2) {
      c20.intoMemorySegment(y, y0 + 2 * yStride, LE);
      c21.intoMemorySegment(y, y0 + 2 * yStride + Lanes.BYTES, LE);
    }
    if (rows > 3) {
      c30.intoMemorySegment(y, y0 + 3 * yStride, LE);
      c31.intoMemorySegment(y, y0 + 3 * yStride + Lanes.BYTES, LE);
    }
    if (rows > 4) {
      c40.intoMemorySegment(y, y0 + 4 * yStride, LE);
      c41.intoMemorySegment(y, y0 + 4 * yStride + Lanes.BYTES, LE);
    }
    if (rows > 5) {
      c50.intoMemorySegment(y, y0 + 5 * yStride, LE);
      c51.intoMemorySegment(y, y0 + 5 * yStride + Lanes.BYTES, LE);
    }
  }

  /// [#run], or, of a tile of which only the first `columns` columns exist, the same by way of
  /// memory at `stage`.
  ///
  /// @param work holds the panel, and [#STAGE] bytes from `stage`
  static void some(
      int k,
      MemorySegment x,
      long x0,
      long xStride,
      int rows,
      MemorySegment work,
      long b0,
      MemorySegment y,
      long y0,
      long yStride,
      MemorySegment init,
      long i0,
      long iStride,
      int columns,
      long stage) {
    if (columns == COLUMNS) {
      run(k, x, x0, xStride, rows, work, b0, y, y0, yStride, init, i0, iStride);
      return;
    }
    long bytes = 4L * columns;
    long line = 4L * COLUMNS;
    for (int r = 0; r < rows; r++) {
      MemorySegment.copy(init, i0 + r * iStride, work, stage + r * line, bytes);
    }
    run(k, x, x0, xStride, rows, work, b0, work, stage, line, work, stage, line);
    for (int r = 0; r < rows; r++) {
      MemorySegment.copy(work, stage + r * line, y, y0 + r * yStride, bytes);
    }
  }
}
