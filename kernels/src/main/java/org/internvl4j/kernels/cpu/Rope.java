package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// Rotates the halves of a head by its token's angles.
final class Rope {
  private Rope() {}

  /// @param cos `[T, D/2]`
  /// @param sin `[T, D/2]`
  static Rotation rotation(Tensor cos, Tensor sin) {
    Rows cr = Rows.of(cos);
    Rows sr = Rows.of(sin);
    int half = cos.dim(1);
    if (Elementwise.EMITTED) {
      return (_, y, yAt, x, xAt, t) ->
          Stretches.rotate(half, y, yAt, x, xAt, cr.segment, cr.at(t), sr.segment, sr.at(t));
    }
    return (_, y, yAt, x, xAt, t) -> head(y, yAt, x, xAt, cr.segment, cr.at(t), sr.at(t), sr, half);
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
