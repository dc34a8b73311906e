package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Norms of rows of drawn lengths: bit for bit what plain loops compute.
class NormRowTest extends DrawnOperands {
  private static final int LONGEST = 300;
  private static final double EPS = 1e-6f;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void rowsAreWhatLoopsCompute(boolean isCentred) {
    MethodHandle norm = function(new NormRow(isCentred), 512);
    for (int i = 0; i < SHAPES; i++) {
      int n = 1 + random.nextInt(LONGEST);
      MemorySegment x = drawn(xs, 4L * n);
      MemorySegment weight = drawn(ws, 4L * n);
      MemorySegment bias = drawn(vs, 4L * n);
      MemorySegment y = random.nextInt(4) == 0 ? x : drawn(ys, 4L * n);
      fill(x);
      fill(weight);
      fill(bias);
      if (i % 9 == 0) {
        x.fill((byte) 0);
      }
      float[] expected = isCentred ? layer(x, weight, bias) : rms(x, weight);
      call(
          norm,
          n,
          y.address(),
          x.address(),
          weight.address(),
          bias.address(),
          Double.doubleToRawLongBits(n),
          Double.doubleToRawLongBits(EPS));
      for (int j = 0; j < n; j++) {
        assertThat((Float) at(y, j)).as("element %d of %d", j, n).isEqualTo((Float) expected[j]);
      }
    }
  }

  private static float at(MemorySegment floats, int i) {
    return floats.get(JAVA_FLOAT_UNALIGNED, 4L * i);
  }

  private static float[] rms(MemorySegment x, MemorySegment weight) {
    int n = (int) (x.byteSize() / 4);
    float[] sums = new float[64];
    for (int i = 0; i < n; i++) {
      int lane = lane(i, n, 64);
      sums[lane] = Math.fma(at(x, i), at(x, i), sums[lane]);
    }
    float scale = (float) (1 / Math.sqrt((double) sum(sums) / n + EPS));
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      y[i] = at(x, i) * scale * at(weight, i);
    }
    return y;
  }

  private static float[] layer(MemorySegment x, MemorySegment weight, MemorySegment bias) {
    int n = (int) (x.byteSize() / 4);
    float[] sums = new float[64];
    for (int i = 0; i < n; i++) {
      sums[lane(i, n, 64)] += at(x, i);
    }
    float mean = sum(sums) / n;
    float[] differences = new float[32];
    float[] squares = new float[32];
    for (int i = 0; i < n; i++) {
      float u = at(x, i) - mean;
      int lane = lane(i, n, 32);
      differences[lane] += u;
      squares[lane] = Math.fma(u, u, squares[lane]);
    }
    float off = sum(differences) / n;
    double variance = Math.max(0, (double) sum(squares) / n - (double) off * off);
    float scale = (float) (1 / Math.sqrt(variance + EPS));
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      y[i] = Math.fma((at(x, i) - (mean + off)) * scale, at(weight, i), at(bias, i));
    }
    return y;
  }

  /// Which sum an element goes to: those behind the last whole turn to the first vector's.
  private static int lane(int i, int n, int turn) {
    return i < n / turn * turn ? i % turn : i % 16;
  }

  /// Vectors two and two, then lanes by halves.
  private static float sum(float[] lanes) {
    float[] sums = lanes.clone();
    for (int i = 0; i < 16; i++) {
      sums[i] += sums[16 + i];
      if (sums.length == 64) {
        sums[i] += sums[32 + i] + sums[48 + i];
      }
    }
    for (int half = 8; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        sums[i] += sums[i + half];
      }
    }
    return sums[0];
  }
}
