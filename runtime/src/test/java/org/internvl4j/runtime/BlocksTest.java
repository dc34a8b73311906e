package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class BlocksTest {
  private static float[] normals(long seed, int n, double size) {
    Random random = new Random(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextGaussian() * size);
    }
    return values;
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q8", "Q4"})
  void whatWasRoundedOnceStaysAsItIs(DType dtype) {
    for (int seed = 0; seed < 200; seed++) {
      float[] once = normals(seed, 1 + seed, Math.exp(seed % 40 - 20));
      Blocks.round(dtype, once);
      float[] twice = once.clone();
      Blocks.round(dtype, twice);
      assertThat(twice).as("seed %s", seed).containsExactly(once);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q8", "Q4"})
  void errorIsHalfAStepOrAStepAtTheOtherEnd(DType dtype) {
    float[] w = normals(7, 32 * 100, 1);
    float[] rounded = w.clone();
    Blocks.round(dtype, rounded);
    for (int i = 0; i < w.length; i++) {
      float scale = Math.abs(Blocks.scale(dtype, w, i / 32 * 32, 32));
      // of the largest weight, the rounding of the scale too; Q4 has no +8
      double bound = dtype == DType.Q8 ? 0.5 * scale : scale * (1 + 8 * 0x1p-9);
      assertThat(Math.abs(w[i] - rounded[i])).isLessThanOrEqualTo((float) bound);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"Q8", "Q4"})
  void zerosStayZeroAndWhatIsNoNumberShows(DType dtype) {
    float[] w = new float[96];
    w[33] = Float.NaN;
    w[40] = 3;
    w[64] = Float.NEGATIVE_INFINITY;
    Blocks.round(dtype, w);
    for (int i = 0; i < 96; i++) {
      if (i < 32) {
        assertThat(w[i]).isZero();
      } else {
        assertThat(w[i]).isNaN();
      }
    }
  }
}
