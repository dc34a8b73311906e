package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rescaled lines of drawn numbers: bit for bit what plain loops compute.
class RescaledColumnsTest extends DrawnOperands {
  private static final int MOST_LINES = 20;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void linesAreWhatLoopsCompute(boolean divides) {
    MethodHandle rescale = function(new RescaledColumns(divides), 512);
    for (int i = 0; i < SHAPES; i++) {
      int lines = 1 + random.nextInt(MOST_LINES);
      long stride = 64L * (1 + random.nextInt(2));
      MemorySegment y = drawn(ys, stride * (lines - 1) + 64);
      MemorySegment x = drawn(xs, stride * (lines - 1) + 64);
      MemorySegment factors = drawn(ws, 64);
      fill(y);
      fill(x);
      fill(factors);
      float[] expected = new float[16 * lines];
      for (int j = 0; j < expected.length; j++) {
        float f = factors.get(JAVA_FLOAT_UNALIGNED, 4L * (j % 16));
        float before = y.get(JAVA_FLOAT_UNALIGNED, place(j, stride));
        expected[j] =
            divides
                ? before * (1 / f)
                : Math.fma(before, f, x.get(JAVA_FLOAT_UNALIGNED, place(j, stride)));
      }
      call(rescale, lines, y.address(), x.address(), factors.address(), stride);
      for (int j = 0; j < expected.length; j++) {
        assertThat(y.get(JAVA_FLOAT_UNALIGNED, place(j, stride)))
            .as("line %d of %d, column %d", j / 16, lines, j % 16)
            .isEqualTo(expected[j]);
      }
    }
  }

  private static long place(int j, long stride) {
    return stride * (j / 16) + 4L * (j % 16);
  }
}
