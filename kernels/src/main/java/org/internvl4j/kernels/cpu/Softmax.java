package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.runtime.Tensor;

/// `y[r] = exp(x[r] − max x[r]) / Σ exp(x[r] − max x[r])`.
final class Softmax {
  private Softmax() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int n = x.dim(-1);
    pool.run(
        12 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            row(yr.segment, yr.at(r), xr.segment, xr.at(r), n);
          }
        });
  }

  private static void row(MemorySegment y, long yAt, MemorySegment x, long xAt, int n) {
    float max = max(x, xAt, n, 1);
    float sum = exp(y, yAt, x, xAt, n, 1, max);
    scale(y, yAt, n, 1 / sum);
  }

  /// The largest of `n` floats times `scale`.
  static float max(MemorySegment x, long at, int n, float scale) {
    FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      max = max.max(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).mul(scale));
    }
    if (i < n) {
      FloatVector tail = Lanes.load(x, at + 4L * i, n - i).mul(scale);
      max = max.blend(max.max(tail), Lanes.first(n - i));
    }
    return Lanes.max(max);
  }

  /// `y = exp(scale · x − max)`; returns the sum.
  static float exp(
      MemorySegment y, long yAt, MemorySegment x, long xAt, int n, float scale, float max) {
    FloatVector sum = FloatVector.zero(F);
    FloatVector factor = FloatVector.broadcast(F, scale);
    FloatVector shift = FloatVector.broadcast(F, -max);
    // One call of exp, the last lanes by a mask: in a tail of its own it was not compiled into
    // place and left garbage.
    for (int i = 0; i < n; i += Lanes.N) {
      VectorMask<Float> some = F.indexInRange(i, n);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE, some);
      FloatVector e = Lanes.exp(v.fma(factor, shift));
      e.intoMemorySegment(y, yAt + 4L * i, LE, some);
      sum = sum.add(e, some);
    }
    return Lanes.sum(sum);
  }

  /// `y = y · factor`.
  static void scale(MemorySegment y, long at, int n, float factor) {
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      FloatVector.fromMemorySegment(F, y, at + 4L * i, LE)
          .mul(factor)
          .intoMemorySegment(y, at + 4L * i, LE);
    }
    if (i < n) {
      Lanes.store(Lanes.load(y, at + 4L * i, n - i).mul(factor), y, at + 4L * i, n - i);
    }
  }
}
