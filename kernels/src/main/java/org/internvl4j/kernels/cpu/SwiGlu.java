package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Formula;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// `y = silu(gate) · up`, `silu(x) = x / (1 + e⁻ˣ)` (Shazeer 2020).
final class SwiGlu {
  private SwiGlu() {}

  static void run(Pool pool, Tensor y, Tensor gate, Tensor up) {
    Elementwise.run(pool, y, gate, up, 8, SwiGlu::row);
  }

  /// `n` elements side by side, any `n`. Each depends on its own inputs alone, so a product that
  /// ends with this gives bit for bit what the kernel gives afterwards.
  ///
  /// @param y may be `gate` or `up` itself; positions in bytes
  static void row(
      MemorySegment y, long yAt, MemorySegment gate, long gAt, MemorySegment up, long uAt, int n) {
    if (Elementwise.EMITTED) {
      Stretches.compute(Formula.SWI_GLU, n, y, yAt, gate, gAt, up, uAt);
      return;
    }
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      FloatVector g = FloatVector.fromMemorySegment(F, gate, gAt + o, LE);
      FloatVector u = FloatVector.fromMemorySegment(F, up, uAt + o, LE);
      g.div(Lanes.exp(g.neg()).add(1f)).mul(u).intoMemorySegment(y, yAt + o, LE);
    }
    if (i < n) {
      long o = 4L * i;
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector g = FloatVector.fromMemorySegment(F, gate, gAt + o, LE, rest);
      FloatVector u = FloatVector.fromMemorySegment(F, up, uAt + o, LE, rest);
      g.div(Lanes.exp(g.neg()).add(1f)).mul(u).intoMemorySegment(y, yAt + o, LE, rest);
    }
  }
}
