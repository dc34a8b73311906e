package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.internvl4j.runtime.Blocks;

/// Products with panels of 4-bit blocks, in 16-bit integers: floats would take more time than
/// reading the weights.
///
/// A block of activations is rounded to `a · scale`, `a` of −127 … 127. `Σ (q − 8) · a` over 32
/// inputs is at most 32 · 8 · 127 = 32,512, so 16 bits hold it however the sums on the way wrap
/// around; the sum over blocks is in f32, in their order.
final class Q4 {
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(Lanes.BITS));

  /// Bytes of a rounded block: 32 ints with the value in both halves, −8 times their sum likewise,
  /// the scale.
  static final long ROUNDED = 4L * (Blocks.LENGTH + 2);

  private static final float ROUND = 12582912f; // 1.5 · 2²³: adding it rounds to an integer

  private Q4() {}

  /// Bytes of `k` rounded activations.
  static long bytes(int k) {
    return ROUNDED * Panels.blocks(k);
  }

  /// Rounds a row of activations.
  ///
  /// @param to [#bytes] from `t0`, and a block of floats behind them for what is left of a block
  static void round(int k, MemorySegment x, long x0, MemorySegment to, long t0) {
    long at = t0;
    int whole = k / Blocks.LENGTH * Blocks.LENGTH;
    for (int i = 0; i < whole; i += Blocks.LENGTH, at += ROUNDED) {
      block(x, x0 + 4L * i, to, at);
    }
    if (whole < k) {
      long stage = at + ROUNDED;
      for (int i = 0; i < Blocks.LENGTH; i++) {
        float value = whole + i < k ? x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * (whole + i)) : 0;
        to.set(JAVA_FLOAT_UNALIGNED, stage + 4L * i, value);
      }
      block(to, stage, to, at);
    }
  }

  private static void block(MemorySegment x, long x0, MemorySegment to, long t0) {
    FloatVector largest = FloatVector.zero(F);
    for (int i = 0; i < Blocks.LENGTH; i += Lanes.N) {
      largest = largest.max(FloatVector.fromMemorySegment(F, x, x0 + 4L * i, LE).abs());
    }
    float scale = largest.reduceLanes(MAX) / 127;
    float inverse = scale < Float.MIN_NORMAL ? 0 : 1 / scale;
    IntVector sum = IntVector.zero(I);
    for (int i = 0; i < Blocks.LENGTH; i += Lanes.N) {
      IntVector a =
          FloatVector.fromMemorySegment(F, x, x0 + 4L * i, LE)
              .mul(inverse)
              .add(ROUND)
              .reinterpretAsInts()
              .lanewise(LSHL, 16);
      sum = sum.add(a.lanewise(ASHR, 16));
      a.or(a.lanewise(LSHR, 16)).intoMemorySegment(to, t0 + 4L * i, LE);
    }
    int minus8 = -8 * sum.reduceLanes(ADD);
    to.set(JAVA_INT_UNALIGNED, t0 + 4L * Blocks.LENGTH, minus8 << 16 | (minus8 & 0xffff));
    to.set(JAVA_FLOAT_UNALIGNED, t0 + 4L * Blocks.LENGTH + 4, scale);
  }

  /// `y[c] = init[c] + Σ_i x[i] · w[i][c]`; see [RowBf16].
  ///
  /// @param x rounded by [#round]
  static void row(
      int k,
      MemorySegment x,
      long x0,
      MemorySegment w,
      long w0,
      MemorySegment y,
      long y0,
      MemorySegment init,
      long i0) {
    int blocks = Panels.blocks(k);
    for (int p = 0; p < 64; p += Lanes.BYTES) {
      FloatVector l = FloatVector.fromMemorySegment(F, init, i0 + p, LE);
      FloatVector h = FloatVector.fromMemorySegment(F, init, i0 + p + 64, LE);
      for (int b = 0; b < blocks; b++) {
        long a = x0 + ROUNDED * b;
        long block = w0 + (long) Panels.Q4_BLOCK * b + p;
        ShortVector s =
            IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4L * Blocks.LENGTH))
                .reinterpretAsShorts();
        ShortVector t = ShortVector.zero(S);
        ShortVector u = ShortVector.zero(S);
        ShortVector v = ShortVector.zero(S);
        for (int i = 0; i < Blocks.LENGTH; i += 4) {
          ShortVector q = ShortVector.fromMemorySegment(S, w, block + Panels.SCALES + 16L * i, LE);
          IntVector xs = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4L * i));
          s = s.add(q.and((short) 15).mul(xs.reinterpretAsShorts()));
          IntVector xt = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4L * i + 4));
          t = t.add(q.lanewise(LSHR, 4).and((short) 15).mul(xt.reinterpretAsShorts()));
          IntVector xu = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4L * i + 8));
          u = u.add(q.lanewise(LSHR, 8).and((short) 15).mul(xu.reinterpretAsShorts()));
          IntVector xv = IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, a + 4L * i + 12));
          v = v.add(q.lanewise(LSHR, 12).mul(xv.reinterpretAsShorts()));
        }
        IntVector sum = s.add(t).add(u.add(v)).reinterpretAsInts();
        IntVector scales = IntVector.fromMemorySegment(I, w, block, LE);
        float scale = x.get(JAVA_FLOAT_UNALIGNED, a + 4L * Blocks.LENGTH + 4);
        FloatVector sl = scales.lanewise(LSHL, 16).reinterpretAsFloats().mul(scale);
        FloatVector sh = scales.and(0xffff0000).reinterpretAsFloats().mul(scale);
        FloatVector low =
            (FloatVector) sum.lanewise(LSHL, 16).lanewise(ASHR, 16).convertShape(I2F, F, 0);
        FloatVector high = (FloatVector) sum.lanewise(ASHR, 16).convertShape(I2F, F, 0);
        l = low.fma(sl, l);
        h = high.fma(sh, h);
      }
      l.intoMemorySegment(y, y0 + p, LE);
      h.intoMemorySegment(y, y0 + p + 64, LE);
    }
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
