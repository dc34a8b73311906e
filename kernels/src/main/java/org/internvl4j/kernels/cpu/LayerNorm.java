package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Norms;
import org.internvl4j.runtime.Tensor;

/// `y[r] = (x[r] − mean) / √(variance + eps) · weight + bias` (Ba et al. 2016). Reads `x` three
/// times, twice from cache: the variance is that of differences from the mean, which one
/// subtraction of squares would lose.
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
            row(yr.segment, yr.at(r), xr.segment, xr.at(r), w, wAt, b, bAt, n, eps);
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
      MemorySegment bias,
      long bAt,
      int n,
      float eps) {
    if (Elementwise.EMITTED) {
      Norms.layer(n, y, yAt, x, xAt, weight, wAt, bias, bAt, eps);
      return;
    }
    float mean = sum(x, xAt, n) / n;
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector q0 = FloatVector.zero(F);
    FloatVector q1 = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * Lanes.N; i += 2 * Lanes.N) {
      FloatVector u = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE).sub(mean);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i + Lanes.BYTES, LE).sub(mean);
      s0 = s0.add(u);
      s1 = s1.add(v);
      q0 = u.fma(u, q0);
      q1 = v.fma(v, q1);
    }
    for (; i < n; i += Lanes.N) { // twice at most
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector u = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE, rest).sub(mean, rest);
      s0 = s0.add(u);
      q0 = u.fma(u, q0);
    }
    float off = Lanes.sum(s0.add(s1)) / n; // what rounding left of the mean
    double square = (double) Lanes.sum(q0.add(q1)) / n;
    double variance = Math.max(0, square - (double) off * off);
    float scale = (float) (1 / Math.sqrt(variance + eps));
    apply(y, yAt, x, xAt, weight, wAt, bias, bAt, n, mean + off, scale);
  }

  private static float sum(MemorySegment x, long at, int n) {
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    FloatVector c = FloatVector.zero(F);
    FloatVector d = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 4 * Lanes.N; i += 4 * Lanes.N) {
      long o = at + 4L * i;
      a = a.add(FloatVector.fromMemorySegment(F, x, o, LE));
      b = b.add(FloatVector.fromMemorySegment(F, x, o + Lanes.BYTES, LE));
      c = c.add(FloatVector.fromMemorySegment(F, x, o + 2L * Lanes.BYTES, LE));
      d = d.add(FloatVector.fromMemorySegment(F, x, o + 3L * Lanes.BYTES, LE));
    }
    for (; i < n; i += Lanes.N) { // four times at most
      a = a.add(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE, Lanes.first(n - i)));
    }
    return Lanes.sum(a.add(b).add(c.add(d)));
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
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + o, LE, rest).sub(mean).mul(scale);
      v.fma(
              FloatVector.fromMemorySegment(F, w, wAt + o, LE, rest),
              FloatVector.fromMemorySegment(F, b, bAt + o, LE, rest))
          .intoMemorySegment(y, yAt + o, LE, rest);
    }
  }
}
