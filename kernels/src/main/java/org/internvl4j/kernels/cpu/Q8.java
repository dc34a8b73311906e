package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.internvl4j.runtime.Blocks;

/// Products with panels of 8-bit blocks: `q · scale` is exact in f32, so they are bit for bit those
/// with the widened weights.
final class Q8 {
  /// At least as many bytes as a vector has floats; there are none of fewer than eight.
  private static final VectorSpecies<Byte> B =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * Lanes.N)));

  private Q8() {}

  /// `y[c] = init[c] + Σ_i x[i] · w[i][c]`; see [RowBf16].
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
    for (int p = 0; p < 16; p += Lanes.N) {
      FloatVector l = FloatVector.fromMemorySegment(F, init, i0 + 4L * p, LE);
      FloatVector h = FloatVector.fromMemorySegment(F, init, i0 + 4L * p + 64, LE);
      long block = w0;
      for (int from = 0; from < k; from += Blocks.LENGTH) {
        IntVector scales = IntVector.fromMemorySegment(I, w, block + 4L * p, LE);
        FloatVector sl = scales.lanewise(LSHL, 16).reinterpretAsFloats();
        FloatVector sh = scales.and(0xffff0000).reinterpretAsFloats();
        long lines = block + Panels.SCALES + p;
        int n = Math.min(Blocks.LENGTH, k - from);
        for (int i = 0; i < n; i++) {
          long at = lines + 32L * i;
          FloatVector a =
              IntVector.broadcast(I, x.get(JAVA_INT_UNALIGNED, x0 + 4L * (from + i)))
                  .reinterpretAsFloats();
          FloatVector b =
              (FloatVector) ByteVector.fromMemorySegment(B, w, at, LE).convertShape(B2F, F, 0);
          FloatVector d =
              (FloatVector) ByteVector.fromMemorySegment(B, w, at + 16, LE).convertShape(B2F, F, 0);
          l = a.fma(b.mul(sl), l);
          h = a.fma(d.mul(sh), h);
        }
        block += Panels.Q8_BLOCK;
      }
      l.intoMemorySegment(y, y0 + 4L * p, LE);
      h.intoMemorySegment(y, y0 + 4L * p + 64, LE);
    }
  }

  /// Lines of a panel of f32: what [TileF32] reads.
  static void widen(int k, MemorySegment w, long w0, MemorySegment to, long t0) {
    for (int p = 0; p < 16; p += Lanes.N) {
      long block = w0;
      for (int from = 0; from < k; from += Blocks.LENGTH) {
        IntVector scales = IntVector.fromMemorySegment(I, w, block + 4L * p, LE);
        FloatVector sl = scales.lanewise(LSHL, 16).reinterpretAsFloats();
        FloatVector sh = scales.and(0xffff0000).reinterpretAsFloats();
        long lines = block + Panels.SCALES + p;
        int n = Math.min(Blocks.LENGTH, k - from);
        for (int i = 0; i < n; i++) {
          long at = lines + 32L * i;
          long line = t0 + 4L * p + 128L * (from + i);
          FloatVector b =
              (FloatVector) ByteVector.fromMemorySegment(B, w, at, LE).convertShape(B2F, F, 0);
          FloatVector d =
              (FloatVector) ByteVector.fromMemorySegment(B, w, at + 16, LE).convertShape(B2F, F, 0);
          b.mul(sl).intoMemorySegment(to, line, LE);
          d.mul(sh).intoMemorySegment(to, line + 64, LE);
        }
        block += Panels.Q8_BLOCK;
      }
    }
  }
}
