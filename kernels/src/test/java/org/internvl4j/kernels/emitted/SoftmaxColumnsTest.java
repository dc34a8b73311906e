package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;

/// The softmax of columns over drawn blocks of lines: bit for bit what plain loops compute.
class SoftmaxColumnsTest extends DrawnOperands {
  private static final int MOST_LINES = 37;
  private static final int COLUMNS = 16;
  private static final float[] ODD = {
    Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, 1e30f, -1e30f, 3000, -3000
  };

  @Test
  void weightsAreWhatLoopsCompute() {
    MethodHandle softmax = function(new SoftmaxColumns(), 512);
    for (int i = 0; i < SHAPES; i++) {
      int count = 1 + random.nextInt(MOST_LINES);
      int all = random.nextInt(count + 1);
      long stride = 64L * (1 + random.nextInt(2));
      float factor = random.nextFloat(3);
      MemorySegment scores = drawn(xs, stride * (count - 1) + 64);
      MemorySegment limits = drawn(ws, 64);
      MemorySegment state = drawn(ys, 2 * stride + 64);
      fill(scores);
      fill(state);
      if (i % 3 == 0) {
        set(
            scores,
            stride,
            random.nextInt(count),
            random.nextInt(COLUMNS),
            ODD[i / 3 % ODD.length]);
      }
      float[][] expected = new float[COLUMNS][];
      for (int c = 0; c < COLUMNS; c++) {
        int limit = all + random.nextInt(count - all + 1);
        set(limits, stride, 0, c, limit);
        if (i % 2 == 0) { // nothing before
          set(state, stride, 0, c, -Float.MAX_VALUE);
          set(state, stride, 1, c, 0);
        }
        expected[c] = column(scores, state, stride, count, all, limit, factor, c);
      }
      call(
          softmax,
          all,
          count,
          scores.address(),
          limits.address(),
          state.address(),
          Float.floatToRawIntBits(factor),
          stride);
      for (int c = 0; c < COLUMNS; c++) {
        for (int line = 0; line < count + 3; line++) {
          float found =
              line < count ? get(scores, stride, line, c) : get(state, stride, line - count, c);
          assertThat((Float) found)
              .as("line %d of %d, column %d", line, count, c)
              .isEqualTo((Float) expected[c][line]);
        }
      }
    }
  }

  private static float get(MemorySegment lines, long stride, int line, int column) {
    return lines.get(JAVA_FLOAT_UNALIGNED, stride * line + 4L * column);
  }

  private static void set(MemorySegment lines, long stride, int line, int column, float value) {
    lines.set(JAVA_FLOAT_UNALIGNED, stride * line + 4L * column, value);
  }

  /// Weights of a column's lines, and behind them its state.
  private static float[] column(
      MemorySegment scores,
      MemorySegment state,
      long stride,
      int count,
      int all,
      int limit,
      float factor,
      int c) {
    float old = get(state, stride, 0, c);
    int pairs = all / 2 * 2;
    float[] max = {old, old};
    float total = 0;
    for (int j = 0; j < pairs; j += 2) {
      float x = get(scores, stride, j, c);
      float y = get(scores, stride, j + 1, c);
      max[0] = x > max[0] ? x : max[0];
      max[1] = y > max[1] ? y : max[1];
      total += x + y;
    }
    for (int j = pairs; j < limit; j++) {
      float x = get(scores, stride, j, c);
      max[0] = x > max[0] ? x : max[0];
      total += x;
    }
    float highest = max[1] > max[0] ? max[1] : max[0];
    float shrink = powerOfTwo(old * factor - highest * factor);
    float[] expected = new float[count + 3];
    float[] sums = new float[2];
    for (int j = 0; j < count; j++) {
      float x = powerOfTwo(Math.fma(get(scores, stride, j, c), factor, -(highest * factor)));
      expected[j] = j < Math.max(pairs, limit) ? x : 0;
      sums[j < pairs ? j % 2 : 0] += expected[j];
    }
    float sum = Float.isNaN(total) ? Float.NaN : get(state, stride, 1, c);
    expected[count] = highest;
    expected[count + 1] = Math.fma(sum, shrink, sums[0] + sums[1]);
    expected[count + 2] = shrink;
    return expected;
  }

  private static float powerOfTwo(float x) {
    int bits = Float.floatToRawIntBits(x);
    int lowest = Float.floatToRawIntBits(-125f);
    float c = Integer.compareUnsigned(bits, lowest) < 0 ? x : -125;
    float shifted = c + 12582912f;
    float r = c - (shifted - 12582912f);
    float p = 1.5594678e-4f;
    for (float next :
        new float[] {0.0013406643f, 0.009617693f, 0.055503104f, 0.24022652f, 0.69314724f, 1}) {
      p = Math.fma(p, r, next);
    }
    int exponent = Float.floatToRawIntBits(shifted) << 23;
    return Float.intBitsToFloat(exponent + Float.floatToRawIntBits(p));
  }
}
