package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rows of drawn lengths: bit for bit what plain loops compute.
class RowTest extends DrawnOperands {
  @ParameterizedTest
  @CsvSource({"F32, 256", "F32, 512", "F32_BF16, 256", "F32_BF16, 512"})
  void rowsAreWhatLoopsCompute(Arithmetic arithmetic, int bits) {
    MethodHandle row = function(new Row(arithmetic, bits), bits);
    for (int n = 0; n < SHAPES; n++) {
      int k = random.nextInt(MOST_TERMS + 1);
      MemorySegment x = drawn(xs, 4L * k);
      MemorySegment w = drawn(ws, (long) arithmetic.line * k);
      MemorySegment v = drawn(vs, (long) arithmetic.line * k);
      MemorySegment y = drawn(ys, LINE);
      MemorySegment z = drawn(zs, LINE);
      MemorySegment init = drawn(starts, 2 * LINE);
      fill(x);
      fill(w);
      fill(v);
      fill(init);
      float[] first = sums(arithmetic, k, x, w, init, 0);
      float[] second = sums(arithmetic, k, x, v, init, LINE);
      long start = init.address();
      call(
          row,
          k,
          x.address(),
          w.address(),
          v.address(),
          y.address(),
          z.address(),
          start,
          start + LINE);
      assertLines(first, y, LINE, arithmetic + " k " + k);
      assertLines(second, z, LINE, arithmetic + " k " + k);
    }
  }

  private static float[] sums(
      Arithmetic arithmetic, int k, MemorySegment x, MemorySegment w, MemorySegment init, long at) {
    float[] sums = new float[32];
    for (int c = 0; c < 32; c++) {
      sums[c] = init.get(JAVA_FLOAT_UNALIGNED, at + 4L * c);
      for (int t = 0; t < k; t++) {
        float weight = weight(arithmetic, w, (long) arithmetic.line * t, c);
        sums[c] = Math.fma(x.get(JAVA_FLOAT_UNALIGNED, 4L * t), weight, sums[c]);
      }
    }
    return sums;
  }
}
