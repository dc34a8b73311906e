package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// `y = silu(a) · b`: the gate of a gated MLP.
final class SwiGlu {
  private SwiGlu() {}

  static void run(Pool pool, Tensor y, Tensor a, Tensor b) {
    Elementwise.run(pool, y, a, b, 8, SwiGlu::stretch);
  }

  private static void stretch(
      MemorySegment y, long yAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    for (int i = 0; i < n; i += Lanes.N) {
      long o = 4L * i;
      FloatVector v = Lanes.load(a, aAt + o);
      FloatVector gate = v.div(Lanes.exp(v.neg()).add(1f));
      Lanes.store(gate.mul(Lanes.load(b, bAt + o)), y, yAt + o);
    }
  }
}
