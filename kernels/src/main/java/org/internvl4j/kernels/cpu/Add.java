package org.internvl4j.kernels.cpu;

import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

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
    for (int i = 0; i < n; i += Lanes.N) {
      long o = 4L * i;
      FloatVector.fromMemorySegment(F, a, aAt + o, LE)
          .add(FloatVector.fromMemorySegment(F, b, bAt + o, LE))
          .intoMemorySegment(y, yAt + o, LE);
    }
  }
}
