package org.internvl4j.kernels.cpu;

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
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      Lanes.store(of(Lanes.load(x, xAt + o)), y, yAt + o);
    }
    if (i < n) {
      long o = 4L * i;
      Lanes.store(of(Lanes.load(x, xAt + o, n - i)), y, yAt + o, n - i);
    }
  }

  static FloatVector of(FloatVector x) {
    return x.div(Lanes.exp(x.neg()).add(1f));
  }
}
