package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Blocks of drawn rows: every element is in its place, and there are zeros where there is no row.
class InterleavingTest extends DrawnOperands {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void everyElementIsInItsPlace(int rows) {
    MethodHandle interleave = function(new Interleaving(rows), 512);
    for (int i = 0; i < SHAPES; i++) {
      int steps = 1 + random.nextInt(4);
      int k = Interleaving.STEP * steps;
      long stride = 4L * (k + random.nextInt(5));
      MemorySegment x = drawn(xs, stride * (rows - 1) + 4L * k);
      MemorySegment y = drawn(ys, 24L * k);
      fill(x);
      fill(y);
      call(interleave, steps, y.address(), x.address(), stride);
      for (int j = 0; j < 6 * k; j++) {
        int row = j % 6;
        float expected = row < rows ? x.get(JAVA_FLOAT_UNALIGNED, stride * row + 4L * (j / 6)) : 0;
        assertThat(y.get(JAVA_FLOAT_UNALIGNED, 4L * j))
            .as("element %d of row %d of %d", j / 6, row, rows)
            .isEqualTo(expected);
      }
    }
  }
}
