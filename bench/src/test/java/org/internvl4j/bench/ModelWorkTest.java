package org.internvl4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.ShapedCheckpoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelWorkTest {
  @TempDir Path folder;

  private InternVlConfig oneB() throws IOException {
    ShapedCheckpoint.empty(ShapedCheckpoint.Model.INTERNVL2_1B, folder);
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      return InternVlConfig.of(checkpoint);
    }
  }

  @Test
  void countsATileByHand() throws IOException {
    ModelWork tile = ModelWork.tile(oneB());

    long patches = 2L * 1024 * 588 * 1024;
    long block = 2L * 1025 * (1024 * 3072 + 1024 * 1024 + 2 * 1024 * 4096);
    long projector = 2L * 256 * (4096 * 896 + 896 * 896);
    assertThat(tile.linear()).isEqualTo(patches + 24 * block + projector);
    assertThat(tile.attention()).isEqualTo(24L * 2 * 2 * 1025 * 1025 * 16 * 64);
    assertThat(tile.linear() * 1e-9).isBetween(619.0, 624.0);
    assertThat(tile.flops() * 1e-9).isBetween(722.0, 727.0);
  }

  @Test
  void countsAPromptByHand() throws IOException {
    ModelWork prompt = ModelWork.prefill(oneB().language(), 512);

    long block = 896 * (896 + 128 + 128) + 896 * 896 + 3L * 896 * 4864;
    assertThat(prompt.linear()).isEqualTo(2 * (512 * 24 * block + 151_655L * 896));
    assertThat(prompt.attention()).isEqualTo(24L * 4 * (512 * 513 / 2) * 896);
  }

  @Test
  void aPromptOfOneIsTheFirstToken() throws IOException {
    assertThat(ModelWork.prefill(oneB().language(), 1))
        .isEqualTo(ModelWork.token(oneB().language(), 0));
  }

  @Test
  void countsTheBytesOfATokenByHand() throws IOException {
    long weights = 24L * (896 * 1152 + 896 * 896 + 3 * 896 * 4864) + 151_655L * 896;
    long past = 2L * 24 * 128 * 4 * 65;

    assertThat(ModelWork.tokenBytes(oneB().language(), DType.BF16, 64))
        .isEqualTo(2 * weights + past);
    assertThat(ModelWork.tokenBytes(oneB().language(), DType.Q8, 64))
        .isEqualTo(weights + weights / 16 + past);
    assertThat(ModelWork.tokenBytes(oneB().language(), DType.Q4, 64))
        .isEqualTo(weights / 2 + weights / 16 + past);
  }
}
