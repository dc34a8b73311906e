package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.runtime.Tensor;

/// `y = a + b`. Bound by memory.
final class Add {
  private Add() {}

  static void run(Pool pool, Tensor y, Tensor a, Tensor b) {
    Elementwise.run(pool, y, a, b, 1, Add::stretch);
  }

  private static void stretch(
      MemorySegment y, long yAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      long o = 4L * i;
      Lanes.store(of(Lanes.load(a, aAt + o), Lanes.load(b, bAt + o)), y, yAt + o);
    }
    if (i < n) {
      long o = 4L * i;
      int rest = n - i;
      FloatVector v = of(Lanes.load(a, aAt + o, rest), Lanes.load(b, bAt + o, rest));
      Lanes.store(v, y, yAt + o, rest);
    }
  }

  private static FloatVector of(FloatVector a, FloatVector b) {
    return a.add(b);
  }
}
