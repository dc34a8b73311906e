package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// The products of [Attention]: `y[r][c] = Σ_k x[k][r] · b[k][c]`, in the order of `k`.
///
/// Three vectors of columns and four rows are twelve accumulators; with three vectors of `b` and a
/// broadcast they fill the 16 registers of AVX2, and seven loads feed twelve multiply-adds. Of more
/// rows the first compiler makes nothing, and the second one then does not get to see the method.
final class AttentionTile {
  /// Columns: queries.
  static final int COLUMNS = 3 * Lanes.N;

  /// Rows: keys, or channels.
  static final int ROWS = 4;

  /// Bytes of a line of columns.
  static final long LINE = 4L * COLUMNS;

  private AttentionTile() {}

  /// Tiles one below the other. All of it lies in one segment; positions in bytes.
  ///
  /// @param k terms of the sum
  /// @param tiles how many tiles of [#ROWS] rows
  /// @param xAt `[tiles][k][ROWS]`
  /// @param xStep bytes from one tile's `x` to the next one's
  /// @param bAt `[k][COLUMNS]`
  /// @param yAt `[tiles][ROWS][COLUMNS]`
  static void run(int k, int tiles, MemorySegment s, long xAt, long xStep, long bAt, long yAt) {
    for (int tile = 0; tile < tiles; tile++) {
      tile(k, s, xAt + tile * xStep, bAt, yAt + ROWS * LINE * tile);
    }
  }

  private static void tile(int k, MemorySegment s, long xAt, long bAt, long yAt) {
    FloatVector a0 = FloatVector.zero(F);
    FloatVector b0 = FloatVector.zero(F);
    FloatVector c0 = FloatVector.zero(F);
    FloatVector a1 = FloatVector.zero(F);
    FloatVector b1 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector a2 = FloatVector.zero(F);
    FloatVector b2 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector a3 = FloatVector.zero(F);
    FloatVector b3 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int i = 0; i < k; i++) {
      long x = xAt + 16L * i;
      long b = bAt + LINE * i;
      FloatVector u = FloatVector.fromMemorySegment(F, s, b, LE);
      FloatVector v = FloatVector.fromMemorySegment(F, s, b + Lanes.BYTES, LE);
      FloatVector w = FloatVector.fromMemorySegment(F, s, b + 2L * Lanes.BYTES, LE);
      FloatVector t = FloatVector.broadcast(F, s.get(JAVA_FLOAT_UNALIGNED, x));
      a0 = t.fma(u, a0);
      b0 = t.fma(v, b0);
      c0 = t.fma(w, c0);
      t = FloatVector.broadcast(F, s.get(JAVA_FLOAT_UNALIGNED, x + 4));
      a1 = t.fma(u, a1);
      b1 = t.fma(v, b1);
      c1 = t.fma(w, c1);
      t = FloatVector.broadcast(F, s.get(JAVA_FLOAT_UNALIGNED, x + 8));
      a2 = t.fma(u, a2);
      b2 = t.fma(v, b2);
      c2 = t.fma(w, c2);
      t = FloatVector.broadcast(F, s.get(JAVA_FLOAT_UNALIGNED, x + 12));
      a3 = t.fma(u, a3);
      b3 = t.fma(v, b3);
      c3 = t.fma(w, c3);
    }
    a0.intoMemorySegment(s, yAt, LE);
    b0.intoMemorySegment(s, yAt + Lanes.BYTES, LE);
    c0.intoMemorySegment(s, yAt + 2L * Lanes.BYTES, LE);
    a1.intoMemorySegment(s, yAt + LINE, LE);
    b1.intoMemorySegment(s, yAt + LINE + Lanes.BYTES, LE);
    c1.intoMemorySegment(s, yAt + LINE + 2L * Lanes.BYTES, LE);
    a2.intoMemorySegment(s, yAt + 2 * LINE, LE);
    b2.intoMemorySegment(s, yAt + 2 * LINE + Lanes.BYTES, LE);
    c2.intoMemorySegment(s, yAt + 2 * LINE + 2L * Lanes.BYTES, LE);
    a3.intoMemorySegment(s, yAt + 3 * LINE, LE);
    b3.intoMemorySegment(s, yAt + 3 * LINE + Lanes.BYTES, LE);
    c3.intoMemorySegment(s, yAt + 3 * LINE + 2L * Lanes.BYTES, LE);
  }
}
