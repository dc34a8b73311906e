package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

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
      FloatVector v = FloatVector.fromMemorySegment(F, a, aAt + o, LE);
      FloatVector gate = v.div(Lanes.exp(v.neg()).add(1f));
      gate.mul(FloatVector.fromMemorySegment(F, b, bAt + o, LE)).intoMemorySegment(y, yAt + o, LE);
    }
  }
}
