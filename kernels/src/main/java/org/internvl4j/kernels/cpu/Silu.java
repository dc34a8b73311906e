package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// `y = x / (1 + e⁻ˣ)`.
final class Silu {
  private Silu() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Elementwise.run(pool, y, x, 8, Silu::stretch);
  }

  private static void stretch(MemorySegment y, long yAt, MemorySegment x, long xAt, int n) {
    for (int i = 0; i < n; i += Lanes.N) {
      long o = 4L * i;
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + o, LE);
      v.div(Lanes.exp(v.neg()).add(1f)).intoMemorySegment(y, yAt + o, LE);
    }
  }
}
