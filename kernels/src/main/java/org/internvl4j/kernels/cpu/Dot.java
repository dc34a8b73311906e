package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Products;
import org.internvl4j.runtime.Tensor;

/// `y[r] = Σ x[r] · vector`. Bound by reading `x` once; the vector stays in cache.
final class Dot {
  /// Rows of a call of machine code, for which a collection of garbage waits.
  private static final int AT_ONCE = 4096;

  private Dot() {}

  static void run(Pool pool, Tensor y, Tensor x, Tensor vector) {
    Rows yr = Rows.of(y, 1);
    Rows xr = Rows.of(x);
    MemorySegment v = vector.segment();
    long vAt = vector.byteOffset();
    int n = x.dim(1);
    if (Unrolled.EMITTED && Products.hasDots(n) && xr.isEven() && yr.isEven()) {
      pool.run(x.shape().size(), share -> emitted(share, yr, xr, v, vAt, n));
      return;
    }
    pool.run(
        x.shape().size(),
        share -> {
          int to = share.to(xr.count);
          for (int r = share.from(xr.count); r < to; r++) {
            float sum = dot(xr.segment, xr.at(r), v, vAt, n);
            yr.segment.set(JAVA_FLOAT_UNALIGNED, yr.at(r), sum);
          }
        });
  }

  private static void emitted(Share share, Rows y, Rows x, MemorySegment v, long v0, int n) {
    int to = share.to(x.count);
    for (int r = share.from(x.count); r < to; r += AT_ONCE) {
      int rows = Math.min(AT_ONCE, to - r);
      Products.dots(rows, n, x.segment, x.at(r), x.stride(), v, v0, y.segment, y.at(r), y.stride());
    }
  }

  /// One row; positions in bytes.
  static float dot(MemorySegment x, long xAt, MemorySegment v, long vAt, int n) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = FloatVector.zero(F);
    FloatVector d = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 4 * Lanes.N; i += 4 * Lanes.N) {
      long o = xAt + 4L * i;
      long p = vAt + 4L * i;
      a =
          FloatVector.fromMemorySegment(F, x, o, LE)
              .fma(FloatVector.fromMemorySegment(F, v, p, LE), a);
      b =
          FloatVector.fromMemorySegment(F, x, o + Lanes.BYTES, LE)
              .fma(FloatVector.fromMemorySegment(F, v, p + Lanes.BYTES, LE), b);
      c =
          FloatVector.fromMemorySegment(F, x, o + 2L * Lanes.BYTES, LE)
              .fma(FloatVector.fromMemorySegment(F, v, p + 2L * Lanes.BYTES, LE), c);
      d =
          FloatVector.fromMemorySegment(F, x, o + 3L * Lanes.BYTES, LE)
              .fma(FloatVector.fromMemorySegment(F, v, p + 3L * Lanes.BYTES, LE), d);
    }
    for (; i < n; i += Lanes.N) { // four times at most
      VectorMask<Float> rest = Lanes.first(n - i);
      a =
          FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE, rest)
              .fma(FloatVector.fromMemorySegment(F, v, vAt + 4L * i, LE, rest), a);
    }
    return Lanes.sum(a.add(b).add(c.add(d)));
  }
}
