package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// Rotated heads of drawn widths: bit for bit what plain loops compute.
class RotatedHeadTest extends DrawnOperands {
  private static final int WIDEST = 140;

  @Test
  void headsAreWhatLoopsCompute() {
    MethodHandle rotate = function(new RotatedHead(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int half = 1 + random.nextInt(WIDEST / 2);
      long bytes = 4L * half;
      MemorySegment x = drawn(xs, 2 * bytes);
      MemorySegment cos = drawn(ws, bytes);
      MemorySegment sin = drawn(vs, bytes);
      MemorySegment y = random.nextInt(4) == 0 ? x : drawn(ys, 2 * bytes);
      fill(x);
      fill(cos);
      fill(sin);
      float[] expected = new float[2 * half];
      for (int j = 0; j < half; j++) {
        float u = at(x, j);
        float v = at(x, half + j);
        expected[j] = u * at(cos, j) - v * at(sin, j);
        expected[half + j] = v * at(cos, j) + u * at(sin, j);
      }
      call(
          rotate,
          half,
          y.address(),
          y.address() + bytes,
          x.address(),
          x.address() + bytes,
          cos.address(),
          sin.address());
      for (int j = 0; j < expected.length; j++) {
        assertThat(at(y, j)).as("element %d, half %d", j, half).isEqualTo(expected[j]);
      }
    }
  }

  private static float at(MemorySegment floats, int i) {
    return floats.get(JAVA_FLOAT_UNALIGNED, 4L * i);
  }
}
