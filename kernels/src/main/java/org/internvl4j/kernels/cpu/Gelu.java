package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Formula;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// `y = x/2 · (1 + erf(x/√2))`, without the cancellation that this form has for negative `x`.
///
/// With `a = |x|` and `h(a) = erfc(a/√2)/2`: `y = max(x, 0) − a · h(a)`. `h(a) · exp(a²/2)` is
/// smooth and falls like `1/a`, so a polynomial in `t = 1/(1 + 0.21 a)`, minimax in relative error,
/// gives it to 1.6e-8 for all `a` up to 14, beyond which `h` is zero in f32.
final class Gelu {
  private Gelu() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Elementwise.run(pool, y, x, 8, Gelu::row);
  }

  /// `n` elements side by side, any `n`. Each depends on its own input alone, so a product that
  /// ends with this gives bit for bit what the kernel gives afterwards.
  ///
  /// @param y may be `x` itself; positions in bytes
  static void row(MemorySegment y, long yAt, MemorySegment x, long xAt, int n) {
    if (Elementwise.EMITTED) {
      Stretches.compute(Formula.GELU, n, y, yAt, x, xAt, x, xAt);
      return;
    }
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE);
      of(v).intoMemorySegment(y, yAt + 4L * i, LE);
    }
    if (i < n) {
      VectorMask<Float> rest = Lanes.first(n - i);
      FloatVector v = FloatVector.fromMemorySegment(F, x, xAt + 4L * i, LE, rest);
      of(v).intoMemorySegment(y, yAt + 4L * i, LE, rest);
    }
  }

  private static FloatVector of(FloatVector v) {
    FloatVector a = v.abs();
    FloatVector one = FloatVector.broadcast(F, 1f);
    FloatVector t = one.div(a.fma(FloatVector.broadcast(F, 0.21f), one));
    FloatVector p =
        t.fma(FloatVector.broadcast(F, -0.07165578f), FloatVector.broadcast(F, 0.283586f));
    p = p.fma(t, FloatVector.broadcast(F, -0.33024803f));
    p = p.fma(t, FloatVector.broadcast(F, 0.34939477f));
    p = p.fma(t, FloatVector.broadcast(F, -0.09392077f));
    p = p.fma(t, FloatVector.broadcast(F, 0.12487076f));
    p = p.fma(t, FloatVector.broadcast(F, 0.06919270f));
    p = p.fma(t, FloatVector.broadcast(F, 0.08506878f));
    p = p.fma(t, FloatVector.broadcast(F, 0.08371158f)).mul(t);
    FloatVector h = p.mul(Lanes.exp(a.mul(a).mul(-0.5f)));
    return a.neg().fma(h, v.max(0f));
  }
}
