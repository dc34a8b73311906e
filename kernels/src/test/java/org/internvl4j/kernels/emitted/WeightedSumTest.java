package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// Sums of rows of drawn lengths: bit for bit what plain loops compute.
class WeightedSumTest extends DrawnOperands {
  @Test
  void sumsAreWhatLoopsCompute() {
    MethodHandle add = function(new WeightedSum(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int n = 1 + random.nextInt(150);
      int count = random.nextInt(9);
      long stride = 4L * (n + random.nextInt(4));
      float factor = random.nextFloat(2);
      MemorySegment w = drawn(ws, 4L * count);
      MemorySegment v = drawn(xs, count == 0 ? 0 : stride * (count - 1) + 4L * n);
      MemorySegment y = drawn(ys, 4L * n);
      fill(w);
      fill(v);
      fill(y);
      float[] expected = new float[n];
      for (int c = 0; c < n; c++) {
        float[] sums = {y.get(JAVA_FLOAT_UNALIGNED, 4L * c) * factor, 0};
        for (int j = 0; j < count; j++) {
          float term = v.get(JAVA_FLOAT_UNALIGNED, stride * j + 4L * c);
          sums[j % 2] = Math.fma(w.get(JAVA_FLOAT_UNALIGNED, 4L * j), term, sums[j % 2]);
        }
        expected[c] = sums[0] + sums[1];
      }
      call(
          add,
          n,
          y.address(),
          w.address(),
          v.address(),
          stride,
          count,
          Float.floatToRawIntBits(factor));
      for (int c = 0; c < n; c++) {
        assertThat(y.get(JAVA_FLOAT_UNALIGNED, 4L * c))
            .as("element %d of %d, %d rows", c, n, count)
            .isEqualTo(expected[c]);
      }
    }
  }
}
