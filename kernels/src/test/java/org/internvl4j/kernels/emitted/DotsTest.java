package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// Rows times a vector, of drawn shapes: bit for bit what plain loops compute.
class DotsTest extends DrawnOperands {
  @Test
  void dotsAreWhatLoopsCompute() {
    MethodHandle dots = function(new Dots(), 512);
    for (int n = 0; n < SHAPES; n++) {
      int rows = 1 + random.nextInt(4);
      int length = Dots.STEP * random.nextInt(7);
      long yStride = 4L * (1 + random.nextInt(3));
      MemorySegment x = drawn(xs, 4L * length * rows);
      MemorySegment v = drawn(ws, 4L * length);
      MemorySegment y = drawn(ys, yStride * (rows - 1) + 4);
      fill(x);
      fill(v);
      call(
          dots,
          rows,
          x.address(),
          4L * length,
          v.address(),
          y.address(),
          yStride,
          length / Dots.STEP);
      for (int r = 0; r < rows; r++) {
        float found = y.get(JAVA_FLOAT_UNALIGNED, yStride * r);
        assertThat(found).isEqualTo(dot(x.asSlice(4L * length * r, 4L * length), v));
      }
    }
  }

  /// 64 sums, added up by halves.
  private static float dot(MemorySegment x, MemorySegment v) {
    float[] sums = new float[Dots.STEP];
    for (int i = 0; i < x.byteSize() / 4; i++) {
      float a = x.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      float b = v.get(JAVA_FLOAT_UNALIGNED, 4L * i);
      sums[i % Dots.STEP] = Math.fma(a, b, sums[i % Dots.STEP]);
    }
    for (int i = 0; i < 16; i++) { // of four vectors, two and two
      sums[i] = (sums[i] + sums[16 + i]) + (sums[32 + i] + sums[48 + i]);
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        sums[i] += sums[i + half];
      }
    }
    return sums[0];
  }
}
