package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;
import static org.internvl4j.kernels.cpu.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import org.internvl4j.runtime.Blocks;

/// Products with panels of 8-bit blocks, in integers: floats would take more time than reading the
/// weights.
///
/// A product is at most 127 · 127, so that 16 bits hold the sum of two; sums over a block are in 32
/// bits, exact, and the sum over blocks is in f32, in their order.
final class Q8 {
  private Q8() {}

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
      long block = (long) Panels.Q8_BLOCK * b;
      IntVector sl = IntVector.zero(I);
      IntVector sh = sl;
      IntVector tl = sl;
      IntVector th = sl;
      for (int n = 0; n < Blocks.LENGTH; n += 2) {
        long i = n & 30; // else the compiler hoists range checks out of sixteen turns, at a loss
        long line = block + Panels.SCALES + 32 * i;
        ShortVector q = ShortVector.fromMemorySegment(S, w, w0 + line, LE);
        ShortVector r = ShortVector.fromMemorySegment(S, v, v0 + line, LE);
        ShortVector first =
            IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i)).reinterpretAsShorts();
        ShortVector second =
            IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4 * i + 4)).reinterpretAsShorts();
        IntVector s =
            q.lanewise(LSHL, 8)
                .lanewise(ASHR, 8)
                .mul(first)
                .add(q.lanewise(ASHR, 8).mul(second))
                .reinterpretAsInts();
        IntVector t =
            r.lanewise(LSHL, 8)
                .lanewise(ASHR, 8)
                .mul(first)
                .add(r.lanewise(ASHR, 8).mul(second))
                .reinterpretAsInts();
        sl = sl.add(s.lanewise(LSHL, 16).lanewise(ASHR, 16));
        sh = sh.add(s.lanewise(ASHR, 16));
        tl = tl.add(t.lanewise(LSHL, 16).lanewise(ASHR, 16));
        th = th.add(t.lanewise(ASHR, 16));
      }
      float scale = x.get(JAVA_FLOAT_UNALIGNED, a + RoundedRow.SCALE);
      IntVector scales = IntVector.fromMemorySegment(I, w, w0 + block, LE);
      wLow =
          ((FloatVector) sl.convertShape(I2F, F, 0))
              .fma(scales.lanewise(LSHL, 16).reinterpretAsFloats().mul(scale), wLow);
      wHigh =
          ((FloatVector) sh.convertShape(I2F, F, 0))
              .fma(scales.and(0xffff0000).reinterpretAsFloats().mul(scale), wHigh);
      scales = IntVector.fromMemorySegment(I, v, v0 + block, LE);
      vLow =
          ((FloatVector) tl.convertShape(I2F, F, 0))
              .fma(scales.lanewise(LSHL, 16).reinterpretAsFloats().mul(scale), vLow);
      vHigh =
          ((FloatVector) th.convertShape(I2F, F, 0))
              .fma(scales.and(0xffff0000).reinterpretAsFloats().mul(scale), vHigh);
    }
    wLow.intoMemorySegment(y, y0, LE);
    wHigh.intoMemorySegment(y, y0 + 64, LE);
    vLow.intoMemorySegment(y, z0, LE);
    vHigh.intoMemorySegment(y, z0 + 64, LE);
  }

  /// Lines of a panel of f32: what [TileF32] reads.
  ///
  /// @param to room for an even number of lines
  static void widen(int k, MemorySegment w, long w0, MemorySegment to, long t0) {
    for (int p = 0; p < 64; p += Lanes.BYTES) {
      for (int i = 0; i < k; i += 2) {
        long block = w0 + (long) (i / Blocks.LENGTH) * Panels.Q8_BLOCK + p;
        long two = block + Panels.SCALES + 32L * (i % Blocks.LENGTH);
        IntVector scales = IntVector.fromMemorySegment(I, w, block, LE);
        FloatVector low = scales.lanewise(LSHL, 16).reinterpretAsFloats();
        FloatVector high = scales.and(0xffff0000).reinterpretAsFloats();
        IntVector q = IntVector.fromMemorySegment(I, w, two, LE);
        long at = t0 + p + 128L * i;
        ((FloatVector) q.lanewise(LSHL, 24).lanewise(ASHR, 24).convertShape(I2F, F, 0))
            .mul(low)
            .intoMemorySegment(to, at, LE);
        ((FloatVector) q.lanewise(LSHL, 8).lanewise(ASHR, 24).convertShape(I2F, F, 0))
            .mul(high)
            .intoMemorySegment(to, at + 64, LE);
        ((FloatVector) q.lanewise(LSHL, 16).lanewise(ASHR, 24).convertShape(I2F, F, 0))
            .mul(low)
            .intoMemorySegment(to, at + 128, LE);
        ((FloatVector) q.lanewise(ASHR, 24).convertShape(I2F, F, 0))
            .mul(high)
            .intoMemorySegment(to, at + 192, LE);
      }
    }
  }
}
