package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;
import static org.internvl4j.kernels.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import org.internvl4j.runtime.Blocks;

/// Products with panels of 4-bit blocks, in 16-bit integers: floats would take more time than
/// reading the weights.
///
/// `Σ (q − 8) · a` over 32 inputs is at most 32 · 8 · 127 = 32,512, so 16 bits hold it however the
/// sums on the way wrap around; the sum over blocks is in f32, in their order.
final class Q4 {
  private static final short FOUR_BITS = 15;

  private Q4() {}

  /// `y[c] = init[c] + Σ_i x[i] · w[i][c]` for two panels; see [RowBf16].
  ///
  /// @param x a [RoundedRow]
  static void row(
      int k,
      MemorySegment x,
      long x0,
      MemorySegment w,
      long w0,
      MemorySegment v,
      long v0,
      MemorySegment y,
      long y0,
      long z0,
      MemorySegment init,
      long i0,
      long j0) {
    int blocks = Panels.blocks(k);
    for (int p = 0; p < 64; p += Lanes.BYTES) {
      pass(blocks, x, x0, w, w0 + p, v, v0 + p, y, y0 + p, z0 + p, init, i0 + p, j0 + p);
    }
  }

  /// A vector of columns of the lower half of either panel, and of the upper half.
  private static void pass(
      int blocks,
      MemorySegment x,
      long x0,
      MemorySegment w,
      long w0,
      MemorySegment v,
      long v0,
      MemorySegment y,
      long y0,
      long z0,
      MemorySegment init,
      long i0,
      long j0) {
    FloatVector wLow = FloatVector.fromMemorySegment(F, init, i0, LE);
    FloatVector wHigh = FloatVector.fromMemorySegment(F, init, i0 + 64, LE);
    FloatVector vLow = FloatVector.fromMemorySegment(F, init, j0, LE);
    FloatVector vHigh = FloatVector.fromMemorySegment(F, init, j0 + 64, LE);
    for (int b = 0; b < blocks; b++) {
      long a = x0 + RoundedRow.BLOCK * b;
      long block = (long) Panels.Q4_BLOCK * b;
      ShortVector s =
          IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + RoundedRow.MINUS_8))
              .reinterpretAsShorts();
      ShortVector t = s;
      for (int n = 0; n < Blocks.LENGTH; n += 4) {
        long i = n & 28; // else the compiler hoists range checks out of eight turns, at a loss
        long line = block + Panels.SCALES + 16 * i;
        ShortVector q = ShortVector.fromMemorySegment(S, w, w0 + line, LE);
        ShortVector r = ShortVector.fromMemorySegment(S, v, v0 + line, LE);
        ShortVector m =
            IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i)).reinterpretAsShorts();
        s = s.add(q.and(FOUR_BITS).mul(m));
        t = t.add(r.and(FOUR_BITS).mul(m));
        m = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i + 4)).reinterpretAsShorts();
        s = s.add(q.lanewise(LSHR, 4).and(FOUR_BITS).mul(m));
        t = t.add(r.lanewise(LSHR, 4).and(FOUR_BITS).mul(m));
        m = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i + 8)).reinterpretAsShorts();
        s = s.add(q.lanewise(LSHR, 8).and(FOUR_BITS).mul(m));
        t = t.add(r.lanewise(LSHR, 8).and(FOUR_BITS).mul(m));
        m = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i + 12)).reinterpretAsShorts();
        s = s.add(q.lanewise(LSHR, 12).mul(m));
        t = t.add(r.lanewise(LSHR, 12).mul(m));
      }
      float scale = x.get(JAVA_FLOAT_UNALIGNED, a + RoundedRow.SCALE);
      IntVector sum = s.reinterpretAsInts();
      IntVector scales = IntVector.fromMemorySegment(I, w, w0 + block, LE);
      wLow =
          ((FloatVector) sum.lanewise(LSHL, 16).lanewise(ASHR, 16).convertShape(I2F, F, 0))
              .fma(scales.lanewise(LSHL, 16).reinterpretAsFloats().mul(scale), wLow);
      wHigh =
          ((FloatVector) sum.lanewise(ASHR, 16).convertShape(I2F, F, 0))
              .fma(scales.and(0xffff0000).reinterpretAsFloats().mul(scale), wHigh);
      sum = t.reinterpretAsInts();
      scales = IntVector.fromMemorySegment(I, v, v0 + block, LE);
      vLow =
          ((FloatVector) sum.lanewise(LSHL, 16).lanewise(ASHR, 16).convertShape(I2F, F, 0))
              .fma(scales.lanewise(LSHL, 16).reinterpretAsFloats().mul(scale), vLow);
      vHigh =
          ((FloatVector) sum.lanewise(ASHR, 16).convertShape(I2F, F, 0))
              .fma(scales.and(0xffff0000).reinterpretAsFloats().mul(scale), vHigh);
    }
    wLow.intoMemorySegment(y, y0, LE);
    wHigh.intoMemorySegment(y, y0 + 64, LE);
    vLow.intoMemorySegment(y, z0, LE);
    vHigh.intoMemorySegment(y, z0 + 64, LE);
  }

  /// Lines of a panel of f32: what [TileF32] reads.
  static void widen(int k, MemorySegment w, long w0, MemorySegment to, long t0) {
    for (int p = 0; p < 64; p += Lanes.BYTES) {
      for (int i = 0; i < k; i++) {
        long block = w0 + (long) (i / Blocks.LENGTH) * Panels.Q4_BLOCK + p;
        long four = block + Panels.SCALES + 64L * (i % Blocks.LENGTH / 4);
        IntVector scales = IntVector.fromMemorySegment(I, w, block, LE);
        IntVector q = IntVector.fromMemorySegment(I, w, four, LE).lanewise(LSHR, 4 * (i % 4));
        FloatVector low = (FloatVector) q.and(15).sub(8).convertShape(I2F, F, 0);
        FloatVector high =
            (FloatVector) q.lanewise(LSHR, 16).and(15).sub(8).convertShape(I2F, F, 0);
        low.mul(scales.lanewise(LSHL, 16).reinterpretAsFloats())
            .intoMemorySegment(to, t0 + p + 128L * i, LE);
        high.mul(scales.and(0xffff0000).reinterpretAsFloats())
            .intoMemorySegment(to, t0 + p + 128L * i + 64, LE);
      }
    }
  }
}
