package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Formula;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// `y = x / (1 + e⁻ˣ)`.
final class Silu {
  private Silu() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Elementwise.run(pool, y, x, 8, Silu::row);
  }

  /// `n` elements side by side, any `n`; `y` may be `x` itself.
  static void row(MemorySegment y, long yAt, MemorySegment x, long xAt, int n) {
    if (Elementwise.EMITTED) {
      Stretches.compute(Formula.SILU, n, y, yAt, x, xAt, x, xAt);
      return;
    }
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE);
      v.div(Lanes.exp(v.neg()).add(1f)).intoMemorySegment(y, yAt + 4L * i, LE);
    }
    if (i < n) {
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE, rest);
      v.div(Lanes.exp(v.neg()).add(1f)).intoMemorySegment(y, yAt + 4L * i, LE, rest);
    }
  }
}
