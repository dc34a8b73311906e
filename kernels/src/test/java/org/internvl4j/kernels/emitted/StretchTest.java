package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.internvl4j.kernels.asm.CodeMemory.call;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Stretches of drawn lengths: bit for bit what plain loops compute.
class StretchTest extends DrawnOperands {
  private static final int LONGEST = 150;
  private static final float[] ODD = {
    0,
    -0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.MIN_VALUE,
    -1e30f,
    90,
    -90
  };

  @ParameterizedTest
  @EnumSource(Formula.class)
  void elementsAreWhatLoopsCompute(Formula formula) {
    MethodHandle stretch = function(new Stretch(formula), 512);
    for (int n = 0; n < SHAPES; n++) {
      int count = random.nextInt(LONGEST);
      MemorySegment a = drawn(xs, 4L * count);
      MemorySegment b = drawn(ws, 4L * count);
      MemorySegment y = drawn(ys, 4L * count);
      fill(a);
      fill(b);
      if (count > 0) {
        a.set(JAVA_FLOAT_UNALIGNED, 4L * random.nextInt(count), ODD[n % ODD.length]);
      }
      call(stretch, count, y.address(), a.address(), b.address());
      for (int i = 0; i < count; i++) {
        float x = a.get(JAVA_FLOAT_UNALIGNED, 4L * i);
        float wanted = value(formula, x, b.get(JAVA_FLOAT_UNALIGNED, 4L * i));
        assertThat((Float) y.get(JAVA_FLOAT_UNALIGNED, 4L * i))
            .as("%s of %s, element %d of %d", formula, x, i, count)
            .isEqualTo(Float.valueOf(wanted)); // zeros have signs
      }
    }
  }

  private static float value(Formula formula, float a, float b) {
    return switch (formula) {
      case ADD -> a + b;
      case MUL -> a * b;
      case SILU -> a / (exp(-a) + 1);
      case SWI_GLU -> a / (exp(-a) + 1) * b;
      case GELU -> gelu(a);
    };
  }

  private static float gelu(float x) {
    float a = Math.abs(x);
    float t = 1 / Math.fma(a, 0.21f, 1);
    float p = -0.07165578f;
    for (float next :
        new float[] {
          0.283586f,
          -0.33024803f,
          0.34939477f,
          -0.09392077f,
          0.12487076f,
          0.06919270f,
          0.08506878f,
          0.08371158f
        }) {
      p = Math.fma(p, t, next);
    }
    return Math.fma(-a, p * t * exp(a * a * -0.5f), Math.max(x, 0));
  }

  /// As the kernels compute it.
  static float exp(float x) {
    float c = Math.min(Math.max(x, -87.3f), 87.3f);
    float shifted = Math.fma(c, 1.442695f, 12582912f);
    float n = shifted - 12582912f;
    float r = Math.fma(n, 2.1219444e-4f, Math.fma(n, -0x1.63p-1f, c));
    float p = 0.0013814467f;
    for (float next : new float[] {0.008368781f, 0.041668393f, 0.1666652f, 0.49999994f}) {
      p = Math.fma(p, r, next);
    }
    p = Math.fma(p * r, r, r) + 1;
    return p * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + 0x3f800000);
  }
}
