package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// Rotates the halves of every head by its token's angles. One row is one head of one token.
final class Rope {
  private Rope() {}

  static void run(Pool pool, Tensor y, Tensor x, Tensor cos, Tensor sin) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    Rows cr = Rows.of(cos);
    Rows sr = Rows.of(sin);
    int heads = x.dim(1);
    int half = x.dim(2) / 2;
    pool.run(
        2 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int r = share.from(yr.count); r < to; r++) {
            int t = r / heads;
            long yAt = yr.at(r);
            head(yr.segment, yAt, xr.segment, xr.at(r), cr.segment, cr.at(t), sr.at(t), sr, half);
          }
        });
  }

  private static void head(
      MemorySegment y,
      long yAt,
      MemorySegment x,
      long xAt,
      MemorySegment cos,
      long cosAt,
      long sinAt,
      Rows sin,
      int half) {
    int j = 0;
    for (; j <= half - Lanes.N; j += Lanes.N) {
      long a = 4L * j;
      long b = a + 4L * half;
      FloatVector u = FloatVector.fromMemorySegment(F, x, xAt + a, LE);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + b, LE);
      FloatVector c = FloatVector.fromMemorySegment(F, cos, cosAt + a, LE);
      FloatVector s = FloatVector.fromMemorySegment(F, sin.segment, sinAt + a, LE);
      u.mul(c).sub(v.mul(s)).intoMemorySegment(y, yAt + a, LE);
      v.mul(c).add(u.mul(s)).intoMemorySegment(y, yAt + b, LE);
    }
    if (j < half) {
      int rest = half - j;
      long a = 4L * j;
      long b = a + 4L * half;
      FloatVector u = Lanes.load(x, xAt + a, rest);
      FloatVector v = Lanes.load(x, xAt + b, rest);
      FloatVector c = Lanes.load(cos, cosAt + a, rest);
      FloatVector s = Lanes.load(sin.segment, sinAt + a, rest);
      Lanes.store(u.mul(c).sub(v.mul(s)), y, yAt + a, rest);
      Lanes.store(v.mul(c).add(u.mul(s)), y, yAt + b, rest);
    }
  }
}
