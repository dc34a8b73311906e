package org.internvl4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SamplingTest {
  @Test
  void weightsAreThoseOfTheExponentialFunction() {
    assertThat(Sampling.weight(Sampling.distance(3, 3, Sampling.scale(1e-38f))))
        .isEqualTo(1L << 40);
    for (float temperature : new float[] {0.1f, 0.7f, 1, 5}) {
      for (float d = 0; d / temperature < 20; d += 0.0137f) {
        int distance = Sampling.distance(1, 1 - d, Sampling.scale(temperature));
        double expected = Math.exp((1 - (double) (1 - d)) / -temperature);
        assertThat(Sampling.weight(distance) * 0x1p-40)
            .isCloseTo(expected, within(4e-6 * expected + 0x1p-40));
      }
    }
    assertThat(Sampling.distance(0, -29, Sampling.scale(1))).isEqualTo(-1);
    assertThat(Sampling.weight(-1)).isZero();
  }

  @Test
  void ranksDescendWithLogitsThenAscendWithIds() {
    float[] logits = {
      Float.POSITIVE_INFINITY, 3, Float.MIN_VALUE, 0, -Float.MIN_VALUE, -2, Float.NEGATIVE_INFINITY
    };
    for (int i = 1; i < logits.length; i++) {
      assertThat(Sampling.rank(logits[i - 1], 9)).isLessThan(Sampling.rank(logits[i], 0));
    }
    assertThat(Sampling.rank(-0f, 4)).isEqualTo(Sampling.rank(0, 4));
    assertThat(Sampling.rank(2, 4)).isLessThan(Sampling.rank(2, 5));
    assertThat(Sampling.id(Sampling.rank(-7, 151_654))).isEqualTo(151_654);
  }

  @Test
  void drawsAreThoseOfSplittableRandom() {
    SplittableRandom random = new SplittableRandom(-42);
    for (int i = 0; i < 100; i++) {
      long bits = random.nextLong();
      assertThat(Sampling.draw(-42, i, 1L << 50)).isEqualTo(bits >>> 14);
    }
  }

  @Test
  void aNucleusEndsWhereItsPartIsReached() {
    assertThat(Sampling.nucleus(1L << 40, 0.5f)).isEqualTo((1L << 39) - 1);
    assertThat(Sampling.nucleus((1L << 40) + 1, 0.5f)).isEqualTo(1L << 39);
    assertThat(Sampling.nucleus(1L << 57, 1e-30f)).isEqualTo((1L << 25) - 1);
  }

  /// Pearson's statistic of 20,000 draws, 4 degrees of freedom; 18.47 is exceeded once in 1000.
  @Test
  void drawsAsOftenAsTheProbabilitiesSay() {
    double[] p = {0.1, 0.35, 0.05, 0.2, 0.3};
    float[] logits = new float[5];
    for (int i = 0; i < 5; i++) {
      logits[i] = (float) Math.log(p[i]);
    }
    int[] counts = new int[5];
    try (Device device = Devices.open("reference", 1);
        Workspace steps = new Workspace(device, "test")) {
      Tensor x = steps.of(logits, 1, 5);
      Tensor options = steps.of(new float[] {1, 0, 1, 1}, 1, 4);
      Tensor said = steps.allocate(DType.U8, 1, 5);
      Tensor draws = steps.allocate(DType.I64, 1, 2);
      Tensor guesses = steps.of(new int[] {0}, 1);
      long position = steps.position();
      int[] id = new int[1];
      for (int seed = 0; seed < 20_000; seed++) {
        steps.rewind(position);
        draws.fromHost(MemorySegment.ofArray(new long[] {seed, 0}));
        x.sample(guesses, options, draws, said).toInts(id);
        counts[id[0]]++;
      }
    }
    double statistic = 0;
    for (int i = 0; i < 5; i++) {
      statistic += Math.pow(counts[i] - 20_000 * p[i], 2) / (20_000 * p[i]);
    }
    assertThat(statistic).isLessThan(18.47);
  }
}
