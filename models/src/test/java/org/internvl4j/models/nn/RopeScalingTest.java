package org.internvl4j.models.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RopeScalingTest {
  @Test
  void plainFrequenciesArePowersOfTheBase() {
    float[] f = frequencies(RopeScaling.NONE, 8, 10_000, 1);
    for (int j = 0; j < 4; j++) {
      assertThat((double) f[j])
          .isCloseTo(Math.pow(10_000, -2.0 * j / 8), within(Math.ulp(f[j]) * 2.0));
    }
  }

  @Test
  void dynamicNtkIsPlainUpToItsLimit() {
    RopeScaling ntk = new RopeScaling.DynamicNtk(2, 32);
    assertThat(frequencies(ntk, 16, 1e6, 32)).isEqualTo(frequencies(RopeScaling.NONE, 16, 1e6, 32));
    assertThat(ntk.regime(32)).isEqualTo(ntk.regime(1));
    assertThat(ntk.regime(33)).isNotEqualTo(ntk.regime(34)).isNotEqualTo(ntk.regime(32));
  }

  @Test
  void dynamicNtkStretchesTheBasePastIt() {
    // base · (f·L/M − (f − 1))^(D/(D−2)): 1e6 · (2·48/32 − 1)^(16/14)
    double base = 1e6 * Math.pow(2, 16 / 14.0);
    float[] f = frequencies(new RopeScaling.DynamicNtk(2, 32), 16, 1e6, 48);
    assertThat((double) f[3]).isCloseTo(Math.pow(base, -6 / 16.0), within(Math.ulp(f[3]) * 4.0));
  }

  @Test
  void longRopeChangesItsFactorsPastTheOriginalContext() {
    RopeScaling rope =
        new RopeScaling.LongRope(new float[] {1, 2}, new float[] {4, 8}, 128, 1.1902381f);
    float[] plain = frequencies(RopeScaling.NONE, 4, 1e4, 1);
    assertThat(frequencies(rope, 4, 1e4, 128)[1]).isCloseTo(plain[1] / 2, within(1e-9f));
    assertThat(frequencies(rope, 4, 1e4, 129)[1]).isCloseTo(plain[1] / 8, within(1e-9f));
    assertThat(rope.regime(128)).isNotEqualTo(rope.regime(129));
    assertThat(rope.regime(129)).isEqualTo(rope.regime(130));
  }

  private static float[] frequencies(RopeScaling scaling, int headDim, double theta, int length) {
    float[] frequencies = new float[headDim / 2];
    scaling.frequencies(frequencies, theta, length);
    return frequencies;
  }
}
