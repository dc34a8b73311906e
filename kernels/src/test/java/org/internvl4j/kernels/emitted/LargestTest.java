package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// The largest of drawn floats, of which some are odd.
class LargestTest extends DrawnOperands {
  private static final float[] ODD = {
    Float.NaN,
    Float.intBitsToFloat(0xffc00001),
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    -0f
  };

  @Test
  void isWhatALoopFinds() {
    MethodHandle largest = function(new Largest(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int n = 1 + random.nextInt(150);
      MemorySegment x = drawn(xs, 4L * n);
      fill(x);
      if (i % 4 == 0) {
        x.set(JAVA_FLOAT_UNALIGNED, 4L * random.nextInt(n), ODD[i / 4 % ODD.length]);
      }
      float expected = Float.NEGATIVE_INFINITY;
      for (int j = 0; j < n; j++) {
        expected = Math.max(expected, x.get(JAVA_FLOAT_UNALIGNED, 4L * j));
      }
      float found = Float.intBitsToFloat((int) call(largest, n, x.address(), 0));
      assertThat((Float) (found + 0f)).isEqualTo((Float) (expected + 0f)); // of either sign
    }
  }
}
