package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// `y[r] = x[r] / √(mean(x[r]²) + eps) · weight`. Reads `x` twice, the second time from cache.
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
            double square = (double) squares(xr.segment, xr.at(r), n) / n;
            float scale = (float) (1 / Math.sqrt(square + eps));
            scale(yr.segment, yr.at(r), xr.segment, xr.at(r), w, wAt, n, scale);
          }
        });
  }

  /// Sum of squares, two accumulators of lanes.
  private static float squares(MemorySegment x, long at, int n) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * Lanes.N; i += 2 * Lanes.N) {
      FloatVector u = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE);
      FloatVector v = FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE);
      a = u.fma(u, a);
      b = v.fma(v, b);
    }
    for (; i < n; i += Lanes.N) {
      FloatVector u = Lanes.load(x, at + 4L * i, n - i);
      a = u.fma(u, a);
    }
    return Lanes.sum(a.add(b));
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
      int rest = n - i;
      FloatVector v = Lanes.load(x, xAt + o, rest).mul(scale).mul(Lanes.load(w, wAt + o, rest));
      Lanes.store(v, y, yAt + o, rest);
    }
  }
}
