package org.internvl4j.models.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class StagesTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void theLargestShareIsAsSmallAsCanBe(int seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 50; i++) {
      long[] bytes = random.longs(1 + random.nextInt(10), 0, 100).toArray();
      int runs = 1 + random.nextInt(bytes.length);
      int[] split = Stages.split(bytes, runs);
      assertThat(split[0]).isZero();
      assertThat(split[bytes.length - 1]).isEqualTo(runs - 1);
      for (int layer = 1; layer < bytes.length; layer++) {
        assertThat(split[layer] - split[layer - 1]).isBetween(0, 1);
      }
      assertThat(largest(bytes, split)).isEqualTo(least(bytes, 0, runs));
    }
  }

  private static long largest(long[] bytes, int[] split) {
    long[] shares = new long[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      shares[split[i]] += bytes[i];
    }
    return Arrays.stream(shares).max().orElseThrow();
  }

  /// Tries every way to cut.
  private static long least(long[] bytes, int from, int runs) {
    if (runs == 1) {
      return Arrays.stream(bytes, from, bytes.length).sum();
    }
    long least = Long.MAX_VALUE;
    long first = 0;
    for (int end = from + 1; end <= bytes.length - (runs - 1); end++) {
      first += bytes[end - 1];
      least = Math.min(least, Math.max(first, least(bytes, end, runs - 1)));
    }
    return least;
  }

  @Test
  void cutsWhereTheBytesAre() {
    assertThat(Stages.split(new long[] {1, 1, 1, 1, 4, 4}, 2)).containsExactly(0, 0, 0, 0, 0, 1);
    assertThat(Stages.split(new long[] {9, 5, 6, 3}, 3)).containsExactly(0, 1, 2, 2);
    assertThat(Stages.split(new long[] {5, 5, 5}, 1)).containsExactly(0, 0, 0);
  }

  @Test
  void refusesMoreStagesThanLayers() {
    assertThatThrownBy(() -> Stages.split(new long[] {1, 2, 3}, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: 4 devices for 3 layers, expected at most one a layer");
  }

  /// Two blocks of the tower, two of the decoder, each on its own.
  @Test
  void whatIsNoLayerGoesWithItsNeighbour() {
    try (Checkpoint checkpoint = Checkpoint.open(Fixtures.folder("internvl2-2b"))) {
      InternVlConfig config = InternVlConfig.of(checkpoint);
      Stages stages = Stages.of(checkpoint, config, 2, 4);
      assertThat(stages).hasToString("1, 1, 1, 1");
      assertThat(stages.of("vision_model.embeddings")).isZero();
      assertThat(stages.of("vision_model.encoder.layers.1.attn.qkv")).isEqualTo(1);
      assertThat(stages.of("mlp1.3")).isEqualTo(1);
      assertThat(stages.of("language_model.model.tok_embeddings")).isEqualTo(2);
      assertThat(stages.of("language_model.model.layers.0")).isEqualTo(2);
      assertThat(stages.of("language_model.model.layers.1.feed_forward.w1")).isEqualTo(3);
      assertThat(stages.of("language_model.model.norm")).isEqualTo(3);
      assertThat(stages.of("language_model.output")).isEqualTo(3);
    }
  }
}
