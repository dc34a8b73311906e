package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// Bf16 numbers of any bits, as floats.
class WideningTest extends DrawnOperands {
  @Test
  void bitsAreTheUpperHalves() {
    MethodHandle widen = function(new Widening(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int n = random.nextInt(150);
      MemorySegment x = drawn(xs, 2L * n);
      MemorySegment y = drawn(ys, 4L * n);
      for (int j = 0; j < n; j++) {
        x.set(JAVA_SHORT_UNALIGNED, 2L * j, (short) random.nextInt());
      }
      call(widen, n, y.address(), x.address());
      for (int j = 0; j < n; j++) {
        assertThat(y.get(JAVA_INT_UNALIGNED, 4L * j))
            .isEqualTo(x.get(JAVA_SHORT_UNALIGNED, 2L * j) << 16);
      }
    }
  }
}
