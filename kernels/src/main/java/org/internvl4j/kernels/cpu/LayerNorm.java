package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// `y[r] = (x[r] − mean) / √(variance + eps) · weight + bias`. Reads `x` three times, twice from
/// cache: the variance is that of differences from the mean, which one subtraction of squares would
/// lose.
final class LayerNorm {
  private LayerNorm() {}

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, Tensor bias, float eps) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    MemorySegment w = weight.segment();
    MemorySegment b = bias.segment();
    long wAt = weight.byteOffset();
    long bAt = bias.byteOffset();
    int n = x.dim(-1);
    pool.run(
        4 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            float mean = sum(xr.segment, xr.at(r), n, 0) / n;
            mean += sum(xr.segment, xr.at(r), n, mean) / n;
            double variance = (double) squares(xr.segment, xr.at(r), n, mean) / n;
            float scale = (float) (1 / Math.sqrt(variance + eps));
            apply(yr.segment, yr.at(r), xr.segment, xr.at(r), w, wAt, b, bAt, n, mean, scale);
          }
        });
  }

  /// `Σ (x − shift)`
  private static float sum(MemorySegment x, long at, int n, float shift) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * Lanes.N; i += 2 * Lanes.N) {
      a = a.add(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).sub(shift));
      b = b.add(FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE).sub(shift));
    }
    for (; i <= n - Lanes.N; i += Lanes.N) {
      a = a.add(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).sub(shift));
    }
    if (i < n) {
      b = b.add(Lanes.load(x, at + 4L * i, n - i).sub(shift), Lanes.first(n - i));
    }
    return Lanes.sum(a.add(b));
  }

  /// `Σ (x − mean)²`
  private static float squares(MemorySegment x, long at, int n, float mean) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * Lanes.N; i += 2 * Lanes.N) {
      FloatVector u = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).sub(mean);
      FloatVector v = FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE).sub(mean);
      a = u.fma(u, a);
      b = v.fma(v, b);
    }
    for (; i <= n - Lanes.N; i += Lanes.N) {
      FloatVector u = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).sub(mean);
      a = u.fma(u, a);
    }
    if (i < n) {
      FloatVector u = Lanes.load(x, at + 4L * i, n - i).sub(mean);
      b = b.add(u.mul(u), Lanes.first(n - i));
    }
    return Lanes.sum(a.add(b));
  }

  private static void apply(
      MemorySegment y,
      long yAt,
      MemorySegment x,
      long xAt,
      MemorySegment w,
      long wAt,
      MemorySegment b,
      long bAt,
      int n,
      float mean,
      float scale) {
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + o, LE).sub(mean).mul(scale);
      v.fma(
              FloatVector.fromMemorySegment(F, w, wAt + o, LE),
              FloatVector.fromMemorySegment(F, b, bAt + o, LE))
          .intoMemorySegment(y, yAt + o, LE);
    }
    if (i < n) {
      long o = 4L * i;
      int rest = n - i;
      FloatVector v = Lanes.load(x, xAt + o, rest).sub(mean).mul(scale);
      v = v.fma(Lanes.load(w, wAt + o, rest), Lanes.load(b, bAt + o, rest));
      Lanes.store(v, y, yAt + o, rest);
    }
  }
}
