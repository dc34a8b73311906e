package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// Products of bf16 pairs, of drawn shapes, and what is rounded for them.
class PairsTest extends DrawnOperands {
  private static float bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
  }

  @Test
  void roundsToTheNearestEvenBf16() {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no AVX-512 BF16 here");
    MethodHandle round = function(new Rounding(), 512);
    for (int n = 0; n < SHAPES / 10; n++) {
      int steps = 1 + random.nextInt(10);
      MemorySegment x = drawn(xs, 128L * steps);
      MemorySegment y = drawn(ys, 64L * steps);
      for (long i = 0; i < x.byteSize(); i += 4) {
        int mantissa = random.nextInt(4) == 0 ? 0x8000 | (random.nextInt(3) - 1) : random.nextInt();
        int bits = (random.nextInt() & 0x7fff0000) | (mantissa & 0xffff);
        float value = Float.intBitsToFloat(bits);
        x.set(JAVA_FLOAT_UNALIGNED, i, Float.isFinite(value) ? value : mantissa);
      }
      call(round, steps, x.address(), y.address());
      for (int i = 0; i < 32 * steps; i++) {
        float value = x.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        float expected = Math.abs(value) < Float.MIN_NORMAL ? 0 : bf16(value);
        float found = Float.intBitsToFloat(y.get(JAVA_SHORT_UNALIGNED, 2L * i) << 16);
        assertThat(Math.abs(found)).as("%a", value).isEqualTo(Math.abs(expected));
      }
    }
  }

  /// A sum of `t` products is rounded no more than `t` times, each time by half a unit in the last
  /// place of what is no larger than the sum of all their sizes.
  @Test
  void pairsAreWhatLoopsCompute() {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no AVX-512 BF16 here");
    Arithmetic pairs = Arithmetic.BF16;
    MethodHandle row = function(new Row(pairs, 512), 512);
    for (int n = 0; n < SHAPES; n++) {
      int k = random.nextInt(MOST_TERMS + 1);
      int rows = random.nextInt(6 * MOST_BLOCKS + 1);
      MemorySegment x = drawn(xs, 24L * k * ((rows + 5) / 6));
      MemorySegment w = drawn(ws, (long) pairs.line * k);
      MemorySegment y = drawn(ys, LINE * rows);
      MemorySegment init = drawn(starts, LINE);
      fillBf16(x);
      fillBf16(w);
      fill(init);
      long start = init.address();
      Products.tiles(pairs, k, rows, x, 0, 24L * k, w, 0, y, 0, LINE, init, 0, 0);
      MemorySegment line = drawn(vs, 4L * k);
      MemorySegment one = drawn(zs, 2 * LINE);
      for (int r = 0; r < rows; r++) {
        for (int t = 0; t < k; t++) {
          long at = 24L * (k * (r / 6) + t) + 4L * (r % 6);
          line.set(JAVA_INT_UNALIGNED, 4L * t, x.get(JAVA_INT_UNALIGNED, at));
        }
        for (int c = 0; c < 32; c++) {
          float found = y.get(JAVA_FLOAT_UNALIGNED, LINE * r + 4L * c);
          assertPairs(found, k, line, w, init.get(JAVA_FLOAT_UNALIGNED, 4L * c), c);
        }
        call(
            row,
            k,
            line.address(),
            w.address(),
            w.address(),
            one.address(),
            one.address() + LINE,
            start,
            start);
        assertThat(y.asSlice(LINE * r, LINE).mismatch(one.asSlice(0, LINE))).isEqualTo(-1);
        assertThat(one.asSlice(LINE, LINE).mismatch(one.asSlice(0, LINE))).isEqualTo(-1);
      }
    }
  }

  private static void assertPairs(
      float found, int k, MemorySegment x, MemorySegment w, float start, int column) {
    double sum = start;
    double size = Math.abs(start);
    for (int t = 0; t < 2 * k; t++) {
      float input = Float.intBitsToFloat(x.get(JAVA_SHORT_UNALIGNED, 2L * t) << 16);
      double product = (double) input * weight(Arithmetic.F32_BF16, w, 64L * t, column);
      sum += product;
      size += Math.abs(product);
    }
    assertThat((double) found).isCloseTo(sum, offset((2 * k + 1) * 0x1p-24 * size));
  }
}
