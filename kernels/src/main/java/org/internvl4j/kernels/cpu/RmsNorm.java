package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Norms;
import org.internvl4j.runtime.Tensor;

/// `y[r] = x[r] / √(mean(x[r]²) + eps) · weight` (Zhang & Sennrich 2019). Reads `x` twice, the
/// second time from cache.
final class RmsNorm {
  private RmsNorm() {}

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, float eps) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    MemorySegment w = weight.segment();
    long wAt = weight.byteOffset();
    int n = x.dim(-1);
    pool.run(
        2 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            row(yr.segment, yr.at(r), xr.segment, xr.at(r), w, wAt, n, eps);
          }
        });
  }

  /// One row of `n` elements; positions in bytes.
  private static void row(
      MemorySegment y,
      long yAt,
      MemorySegment x,
      long xAt,
      MemorySegment weight,
      long wAt,
      int n,
      float eps) {
    if (Elementwise.EMITTED) {
      Norms.rms(n, y, yAt, x, xAt, weight, wAt, eps);
      return;
    }
    double square = (double) squares(x, xAt, n) / n;
    float scale = (float) (1 / Math.sqrt(square + eps));
    scale(y, yAt, x, xAt, weight, wAt, n, scale);
  }

  private static float squares(MemorySegment x, long at, int n) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = FloatVector.zero(F);
    FloatVector d = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 4 * Lanes.N; i += 4 * Lanes.N) {
      long o = at + 4L * i;
      FloatVector u = FloatVector.fromMemorySegment(F, x, o, LE);
      a = u.fma(u, a);
      u = FloatVector.fromMemorySegment(F, x, o + Lanes.BYTES, LE);
      b = u.fma(u, b);
      u = FloatVector.fromMemorySegment(F, x, o + 2L * Lanes.BYTES, LE);
      c = u.fma(u, c);
      u = FloatVector.fromMemorySegment(F, x, o + 3L * Lanes.BYTES, LE);
      d = u.fma(u, d);
    }
    for (; i < n; i += Lanes.N) { // four times at most
      FloatVector u = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE, Lanes.first(n - i));
      a = u.fma(u, a);
    }
    return Lanes.sum(a.add(b).add(c.add(d)));
  }

  private static void scale(
      MemorySegment y,
      long yAt,
      MemorySegment x,
      long xAt,
      MemorySegment w,
      long wAt,
      int n,
      float scale) {
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      FloatVector v =
          FloatVector.fromMemorySegment(F, x, xAt + o, LE)
              .mul(scale)
              .mul(FloatVector.fromMemorySegment(F, w, wAt + o, LE));
      v.intoMemorySegment(y, yAt + o, LE);
    }
    if (i < n) {
      long o = 4L * i;
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector.fromMemorySegment(F, x, xAt + o, LE, rest)
          .mul(scale)
          .mul(FloatVector.fromMemorySegment(F, w, wAt + o, LE, rest))
          .intoMemorySegment(y, yAt + o, LE, rest);
    }
  }
}
