package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// The softmax of a row over drawn parts: bit for bit what plain loops compute.
class SoftmaxRowTest extends DrawnOperands {
  @Test
  void weightsAreWhatLoopsCompute() {
    MethodHandle softmax = function(new SoftmaxRow(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int n = 1 + random.nextInt(150);
      float scale = random.nextFloat(40);
      MemorySegment x = drawn(xs, 4L * n);
      MemorySegment state = drawn(ys, 12);
      fill(x);
      fill(state);
      if (i % 2 == 0) { // nothing before
        state.set(JAVA_FLOAT_UNALIGNED, 0, Float.NEGATIVE_INFINITY);
        state.set(JAVA_FLOAT_UNALIGNED, 4, 0);
      }
      float old = state.get(JAVA_FLOAT_UNALIGNED, 0);
      float max = old;
      for (int j = 0; j < n; j++) {
        max = Math.max(max, x.get(JAVA_FLOAT_UNALIGNED, 4L * j) * scale);
      }
      float shrink = StretchTest.exp(old - max);
      float[] expected = new float[n];
      float[] lanes = new float[16];
      for (int j = 0; j < n; j++) {
        expected[j] = StretchTest.exp(Math.fma(x.get(JAVA_FLOAT_UNALIGNED, 4L * j), scale, -max));
        lanes[j % 16] += expected[j];
      }
      for (int half = 8; half > 0; half /= 2) {
        for (int j = 0; j < half; j++) {
          lanes[j] += lanes[j + half];
        }
      }
      float sum = shrink * state.get(JAVA_FLOAT_UNALIGNED, 4) + lanes[0];
      call(softmax, n, x.address(), state.address(), Float.floatToRawIntBits(scale));
      for (int j = 0; j < n; j++) {
        assertThat(x.get(JAVA_FLOAT_UNALIGNED, 4L * j))
            .as("score %d of %d", j, n)
            .isEqualTo(expected[j]);
      }
      assertThat(state.get(JAVA_FLOAT_UNALIGNED, 0)).isEqualTo(max);
      assertThat(state.get(JAVA_FLOAT_UNALIGNED, 4)).isEqualTo(sum);
      assertThat(state.get(JAVA_FLOAT_UNALIGNED, 8)).isEqualTo(shrink);
    }
  }
}
