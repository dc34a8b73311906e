package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Towers of every layout against the reference, and of repositories of their own, which are
/// written here from those of chat models.
class VisionModelTest {
  private static final Device REFERENCE = Devices.open("reference", 1);
  private static final OpenOptions CPU = OpenOptions.DEFAULT.withDevice("cpu");

  private static float[] golden(String fixture, String name) {
    try (SafeTensors golden =
        SafeTensors.open(Fixtures.folder(fixture).resolve("golden.safetensors"))) {
      return golden.tensor(name, REFERENCE).toFloats();
    }
  }

  private static Tiles tiles(String fixture, int side) {
    float[] pixels = golden(fixture, "pixel_values");
    return Tiles.ofPixels(pixels, pixels.length / (3 * side * side), side);
  }

  private static double nmse(float[] expected, Features found) {
    double error = 0;
    double square = 0;
    int at = 0;
    for (float[] tile : found.tiles()) {
      for (float value : tile) {
        error += Math.pow((double) expected[at] - value, 2);
        square += Math.pow(expected[at++], 2);
      }
    }
    assertThat(at).isEqualTo(expected.length);
    return error / square;
  }

  /// A repository of a tower alone: the same weights without their prefix.
  private static Map<String, byte[]> alone(String fixture) throws IOException {
    Path folder = Fixtures.folder(fixture);
    SafeTensorsWriter writer = new SafeTensorsWriter();
    try (SafeTensors weights = SafeTensors.open(folder.resolve("model.safetensors"))) {
      for (String name : weights.names()) {
        if (name.startsWith("vision_model.")) {
          Tensor w = weights.tensor(name, REFERENCE);
          writer.add(
              name.substring("vision_model.".length()),
              w.dtype(),
              w.toFloats(),
              w.shape().toArray());
        }
      }
    }
    Json config = Fixtures.json(folder.resolve("config.json")).at("vision_config");
    String text =
        config.toString().startsWith("{\"architectures\"")
            ? config.toString()
            : "{\"architectures\": [\"InternVisionModel\"], " + config.toString().substring(1);
    Map<String, byte[]> files = new HashMap<>();
    files.put("config.json", text.getBytes(UTF_8));
    files.put("model.safetensors", writer.toBytes());
    return files;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "internvl2-1b",
        "internvl2-26b",
        "internvl-chat-v1-1",
        "internvl3-1b-hf",
        "internvl-14b-224px",
        "internvl2-1b-resized"
      })
  void equalsTheReferenceInsideOfAnyModel(String fixture) {
    try (VisionModel model = VisionModel.open(Checkpoint.open(Fixtures.folder(fixture)), CPU, 0)) {
      Features found = model.features(tiles(fixture, model.side()));
      assertThat(nmse(golden(fixture, "vision.last_hidden_state"), found)).isLessThan(1e-9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"internvl2-1b", "internvl2-26b"})
  void equalsTheReferenceInARepositoryOfItsOwn(String fixture) throws IOException {
    try (VisionModel model = VisionModel.open(Checkpoint.of("tower", alone(fixture)), CPU, 0)) {
      Features found = model.features(tiles(fixture, model.side()));
      assertThat(nmse(golden(fixture, "vision.last_hidden_state"), found)).isLessThan(1e-9);
    }
  }

  /// The fixture whose chat model uses a side that its table was not made for.
  @Test
  void interpolatesPositionsForAnotherSide() throws IOException {
    String fixture = "internvl2-1b-resized";
    try (VisionModel own = VisionModel.open(Checkpoint.of("tower", alone(fixture)), CPU, 0);
        VisionModel chat = VisionModel.open(Checkpoint.open(Fixtures.folder(fixture)), CPU, 0)) {
      assertThat(own.side()).isNotEqualTo(chat.side());
      try (VisionModel other =
          VisionModel.open(Checkpoint.of("tower", alone(fixture)), CPU, chat.side())) {
        Features found = other.features(tiles(fixture, other.side()));
        assertThat(nmse(golden(fixture, "vision.last_hidden_state"), found)).isLessThan(1e-9);
      }
    }
  }

  @Test
  void takesTheMiddleAsItsProcessorSays() throws IOException {
    Map<String, byte[]> files = alone("internvl2-1b");
    files.put(
        "preprocessor_config.json",
        """
        {"crop_size": {"height": 56, "width": 56}, "do_center_crop": true,
         "size": {"shortest_edge": 70}, "resample": 3,
         "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
        """
            .getBytes(UTF_8));
    byte[] rgb = new byte[140 * 70 * 3];
    new Random(1).nextBytes(rgb);
    Picture picture = Picture.ofRgb(140, 70, rgb);
    try (VisionModel model = VisionModel.open(Checkpoint.of("tower", files), CPU, 0)) {
      float[] pixels = model.cropped(picture).pixels(0);
      int first = rgb[(7 * 140 + 42) * 3] & 255; // rows 7 to 62, columns 42 to 97
      assertThat(pixels[0]).isEqualTo((first / 255f - 0.5f) / 0.5f);
      assertThat(model.squeezed(picture).side()).isEqualTo(56);
    }
    try (VisionModel model = VisionModel.open(Checkpoint.of("tower", files), CPU, 112)) {
      assertThat(model.cropped(picture).side()).isEqualTo(112);
      assertThat(model.features(model.cropped(picture)).rows()).isEqualTo(65);
    }
  }

  @ParameterizedTest
  @CsvSource({"57", "13", "16384"})
  void refusesASideThatIsNoMultipleOfAPatch(int side) throws IOException {
    Map<String, byte[]> files = alone("internvl2-1b");
    assertThatThrownBy(() -> VisionModel.open(Checkpoint.of("tower", files), CPU, side))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "side: is " + side + ", expected a multiple of a patch, 14, of at most 8192 pixels");
  }

  @Test
  void refusesTilesOfAnotherSide() throws IOException {
    try (VisionModel model =
        VisionModel.open(Checkpoint.of("tower", alone("internvl2-1b")), CPU, 0)) {
      Tiles tiles = Tiles.ofPixels(new float[3 * 28 * 28], 1, 28);
      assertThatThrownBy(() -> model.features(tiles))
          .hasMessage("tower: tiles have 28 pixels a side, expected 56");
    }
  }

  @Test
  void refusesWhatHasNoTower() {
    Map<String, byte[]> files =
        Map.of(
            "config.json",
            "{\"architectures\": [\"BertModel\"]}".getBytes(UTF_8),
            "model.safetensors",
            new SafeTensorsWriter().add("x", new float[] {1}, 1).toBytes());
    assertThatThrownBy(() -> VisionModel.open(Checkpoint.of("text", files), CPU, 0))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("BertModel is not supported");
  }
}
