package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Formula;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// `y = a · b`. Bound by memory.
final class Mul {
  private Mul() {}

  static void run(Pool pool, Tensor y, Tensor a, Tensor b) {
    Elementwise.run(pool, y, a, b, 1, Mul::row);
  }

  /// `n` elements side by side, any `n`; `y` may be `a` or `b` itself.
  static void row(
      MemorySegment y, long yAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    if (Elementwise.EMITTED) {
      Stretches.compute(Formula.MUL, n, y, yAt, a, aAt, b, bAt);
      return;
    }
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      FloatVector u = FloatVector.fromMemorySegment(F, a, aAt + o, LE);
      FloatVector v = FloatVector.fromMemorySegment(F, b, bAt + o, LE);
      u.mul(v).intoMemorySegment(y, yAt + o, LE);
    }
    if (i < n) {
      long o = 4L * i;
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector u = FloatVector.fromMemorySegment(F, a, aAt + o, LE, rest);
      FloatVector v = FloatVector.fromMemorySegment(F, b, bAt + o, LE, rest);
      u.mul(v).intoMemorySegment(y, yAt + o, LE, rest);
    }
  }
}
