package org.internvl4j.models.internvl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.UnsupportedModelException;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InternVlConfigTest {
  @Test
  void readsConfigJsonOneToOne() throws IOException {
    InternVlConfig c = read(config("internvl2-2b"));
    assertThat(c.grid()).isEqualTo(4);
    assertThat(c.tokensPerTile()).isEqualTo(4);
    assertThat(c.visionBlocks()).isEqualTo(2);
    assertThat(c.language().context()).isEqualTo(2 * 512);
    assertThat(c.tiling().maxTiles()).isEqualTo(12);
  }

  @Test
  void selectLayerCountsFromTheEnd() throws IOException {
    assertThat(read(config("internvl-chat-v1-1")).visionBlocks()).isEqualTo(2);
  }

  /// `place` is replaced by `value` in the config.json of a fixture.
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"ps_version\": \"v2\"; \"ps_version\": \"v3\"; config.json: ps_version is \"v3\", expected v1 or v2",
        "\"downsample_ratio\": 0.5; \"downsample_ratio\": 0.3; config.json: downsample_ratio is 0.3, expected 0.5",
        "\"hidden_act\": \"gelu\"; \"hidden_act\": \"relu\"; config.json: vision_config.hidden_act is \"relu\", expected gelu",
        "\"hidden_act\": \"silu\"; \"hidden_act\": \"relu\"; config.json: llm_config.hidden_act is \"relu\", expected silu",
        "\"rope_theta\": 1000000.0; \"rope_theta\": 0; config.json: llm_config.rope_theta is 0, expected a number above 0",
        "\"rms_norm_eps\": 1e-06; \"rms_norm_eps\": -1; config.json: llm_config.rms_norm_eps is -1, expected a number above 0",
        "\"num_attention_heads\": 4; \"num_attention_heads\": 0; config.json: llm_config.num_attention_heads is 0, expected an integer of 1 to",
        "\"num_attention_heads\": 4; \"num_attention_heads\": 5; config.json: llm_config.num_key_value_heads is 2, expected a divisor of 5 heads",
        "\"patch_size\": 14; \"patch_size\": 0; config.json: vision_config.patch_size is 0, expected an integer of 1 to",
        "\"select_layer\": -1; \"select_layer\": -100; config.json: select_layer is -100, expected a layer of -3 to 2",
        "\"force_image_size\": 56; \"force_image_size\": 57; config.json: force_image_size is 57, expected a tile side of at most 16384 that is a multiple of two patches, 28",
        "\"force_image_size\": 56; \"force_image_size\": 2147483640; config.json: force_image_size is 2147483640, expected",
        "\"max_dynamic_patch\": 12; \"max_dynamic_patch\": 2000000000; config.json: max_dynamic_patch is 2000000000, expected",
        "\"vocab_size\": 432; \"vocab_size\": \"many\"; config.json: llm_config.vocab_size is \"many\", expected an integer",
        "\"hidden_size\": 48; \"hidden_size\": 50; config.json: vision_config.num_attention_heads is 3, expected heads that divide the width, not 3 of 50",
      })
  void namesAWrongValue(String place, String value, String message) throws IOException {
    String config = config("internvl2-1b");
    assertThat(config).contains(place);
    assertThatThrownBy(() -> read(config.replace(place, value)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void namesAnEmptyListOfArchitectures() throws IOException {
    String config =
        config("internvl2-1b").replaceAll("\"architectures\": \\[[^]]*]", "\"architectures\": []");
    assertThatThrownBy(() -> read(config))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "config.json: architectures is a list of 0, expected a list with the name of one architecture");
  }

  @Test
  void refusesAWayToStretchPositionsThatItDoesNotKnow() throws IOException {
    String config = config("internvl2-2b").replace("\"type\": \"dynamic\"", "\"type\": \"linear\"");
    assertThatThrownBy(() -> read(config))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("rope_scaling type 'linear' is not supported");
  }

  @Test
  void refusesOtherKindsOfModels() throws IOException {
    String config = config("internvl-14b-224px");
    assertThatThrownBy(() -> read(config))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("InternVLModel answers no questions; it classifies");
  }

  private static String config(String fixture) throws IOException {
    return Files.readString(Fixtures.folder(fixture).resolve("config.json"));
  }

  private static InternVlConfig read(String config) {
    return InternVlConfig.of(
        Json.parse(config.getBytes(StandardCharsets.UTF_8), "config.json"), file -> null);
  }
}
