package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.heads.HeadFiles;
import org.internvl4j.models.heads.HeadFiles.Values;
import org.internvl4j.models.heads.LinearProbe;
import org.internvl4j.models.heads.LinearProbe.Guess;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Linear probes on toy towers, against PyTorch and against the equations in double.
class VisionClassifierTest {
  private static final OpenOptions CPU = OpenOptions.DEFAULT.withDevice("cpu");
  private static final String FIXTURE = "internvl2-26b";
  private static final int WIDTH = 80;

  @TempDir Path folder;

  private static Checkpoint toy() {
    return Checkpoint.open(Fixtures.folder(FIXTURE));
  }

  private static Picture picture(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(7).nextBytes(rgb);
    return Picture.ofRgb(width, height, rgb);
  }

  /// `W · ((x - mean) / √(var + eps) · gamma + beta) + b`.
  private static double[] expected(Map<String, Values> w, float[] tile) {
    double[] x = new double[2 * WIDTH];
    int rows = tile.length / WIDTH;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < WIDTH; i++) {
        x[row == 0 ? i : WIDTH + i] += tile[row * WIDTH + i] / (row == 0 ? 1.0 : rows - 1.0);
      }
    }
    double[] y = new double[7];
    for (int k = 0; k < y.length; k++) {
      y[k] = w.get("head.bias").values()[k];
      for (int i = 0; i < x.length; i++) {
        double deviation = Math.sqrt(w.get("norm.running_var").values()[i] + 1e-6);
        double z = (x[i] - w.get("norm.running_mean").values()[i]) / deviation;
        z = z * w.get("norm.weight").values()[i] + w.get("norm.bias").values()[i];
        y[k] += w.get("head.weight").values()[k * x.length + i] * z;
      }
    }
    return y;
  }

  private static void assertNear(double[] found, double[] expected) {
    double size = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], offset(1e-6 * size));
    }
  }

  private static double[] doubles(float[] values) {
    double[] y = new double[values.length];
    Arrays.setAll(y, i -> values[i]);
    return y;
  }

  @Test
  void equalsTheEquationsAndPyTorch() {
    Values features = HeadFiles.golden("probe.features");
    double[] golden = doubles(HeadFiles.golden("probe.logits").values());
    assertNear(expected(HeadFiles.weights("probe.pth"), features.values()), golden);
    try (VisionClassifier classifier =
        VisionClassifier.open(toy(), HeadFiles.file("probe.pth"), CPU)) {
      assertThat(classifier.classes()).isEqualTo(7);
      Features one = new Features(List.of(features.values()), 17, WIDTH);
      assertNear(classifier.probe().logits(one).getFirst(), golden);
    }
  }

  @Test
  void readsTheTowersClassTokenAndTheMeanOfItsPatches() {
    try (VisionClassifier classifier =
            VisionClassifier.open(toy(), HeadFiles.file("probe.pth"), CPU);
        VisionModel tower = VisionModel.open(toy(), CPU, 0)) {
      Tiles tiles =
          Tiles.concat(
              List.of(classifier.cropped(picture(90, 70)), classifier.cropped(picture(56, 80))));
      List<float[]> features = tower.features(tiles).tiles();
      List<double[]> found = classifier.logits(tiles);
      Map<String, Values> weights = HeadFiles.weights("probe.pth");
      for (int i = 0; i < 2; i++) {
        assertNear(found.get(i), expected(weights, features.get(i)));
      }
    }
  }

  @Test
  void safetensorsAndTorchFilesGiveTheSameBits() {
    Path safe = HeadFiles.write(HeadFiles.weights("probe.pth"), folder.resolve("head.safetensors"));
    try (VisionClassifier a = VisionClassifier.open(toy(), HeadFiles.file("probe.pth"), CPU);
        VisionClassifier b = VisionClassifier.open(toy(), safe, CPU)) {
      Tiles tiles = a.cropped(picture(61, 60));
      assertThat(a.logits(tiles).getFirst()).isEqualTo(b.logits(tiles).getFirst());
    }
  }

  @Test
  void noticesAWeightThatIsNoNumber() {
    Map<String, Values> weights = new HashMap<>(HeadFiles.weights("probe.pth"));
    Values head = weights.get("head.weight");
    float[] damaged = head.values().clone();
    damaged[0] = Float.NaN;
    weights.put("head.weight", new Values(damaged, head.shape()));
    Path file = HeadFiles.write(weights, folder.resolve("nan.safetensors"));
    try (VisionClassifier classifier = VisionClassifier.open(toy(), file, CPU)) {
      Tiles tiles = classifier.cropped(picture(61, 60));
      assertThatThrownBy(() -> classifier.classify(tiles))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining("computed NaN for the logits of the classes");
    }
  }

  @Test
  void ranksTheLikeliestFirstAndOfEqualOnesTheFirst() {
    List<Guess> ranked = LinearProbe.ranked(new double[] {1, 3, 1, 4});
    assertThat(ranked.stream().map(Guess::index)).containsExactly(3, 1, 0, 2);
    assertThat(ranked.stream().mapToDouble(Guess::probability).sum()).isCloseTo(1, offset(1e-12));
    assertThat(ranked.getFirst().probability()).isCloseTo(0.6815, offset(1e-4));
  }

  /// A tower that was trained with its head has other weights and a table of positions of its own.
  @Test
  void takesTheTowerOfTheHeadsFileIfThereIsOne() {
    Map<String, Values> weights = HeadFiles.weights("probe.pth");
    weights.putAll(Towers.training("internvl-chat-v1-1", ""));
    Path head = HeadFiles.write(weights, folder.resolve("both.safetensors"));
    Path chat = Fixtures.folder("internvl-chat-v1-1");
    try (VisionClassifier both = VisionClassifier.open(toy(), head, CPU);
        VisionClassifier own =
            VisionClassifier.open(Checkpoint.open(chat), HeadFiles.file("probe.pth"), CPU);
        VisionClassifier other = VisionClassifier.open(toy(), HeadFiles.file("probe.pth"), CPU)) {
      Tiles tiles = both.cropped(picture(56, 56));
      double[] found = both.logits(tiles).getFirst();
      assertThat(found).isEqualTo(own.logits(tiles).getFirst());
      assertThat(found).isNotEqualTo(other.logits(tiles).getFirst());
    }
  }

  private void assertRefused(Map<String, Values> weights, String message) {
    Path head = HeadFiles.write(weights, folder.resolve("head.safetensors"));
    assertThatThrownBy(() -> VisionClassifier.open(toy(), head, CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"norm.weight", "norm.bias", "norm.running_var", "head.weight", "head.bias"})
  void namesAMissingWeight(String name) {
    Map<String, Values> weights = HeadFiles.weights("probe.pth");
    weights.remove(name);
    Path head = HeadFiles.write(weights, folder.resolve("head.safetensors"));
    assertThatThrownBy(() -> VisionClassifier.open(toy(), head, CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(name + ": not in this checkpoint (nearest: ");
  }

  @Test
  void namesAWeightOfAnotherShape() {
    Map<String, Values> weights = HeadFiles.weights("probe.pth");
    weights.put("head.weight", new Values(new float[7 * 40], 7, 40));
    assertRefused(weights, "head.safetensors: head.weight is [7, 40], expected [7, 160]");
    weights.put("head.weight", new Values(new float[7], 7));
    assertRefused(weights, "head.weight: is [7], expected 1 to 65536 rows");
    weights.put("head.weight", new Values(new float[0], 0, 160));
    assertRefused(weights, "head.weight: is [0, 160], expected 1 to 65536 rows");
  }

  @Test
  void refusesAVarianceBelowZero() {
    Map<String, Values> weights = HeadFiles.weights("probe.pth");
    weights.get("norm.running_var").values()[3] = -1;
    assertRefused(weights, "norm.running_var: is -1.0 at 3, expected at least 0");
  }

  @Test
  void saysWhatIsNoProbe() {
    assertThatThrownBy(() -> VisionClassifier.open(toy(), HeadFiles.file("upernet.pth"), CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "upernet.pth: is no linear probe: it has no norm.running_mean; others than BatchNorm and"
                + " Linear are not read");
    Map<String, Values> weights = HeadFiles.weights("probe.pth");
    weights.putAll(Towers.training(FIXTURE, ""));
    weights.put("pos_embed", new Values(new float[16 * WIDTH], 1, 16, WIDTH));
    assertRefused(weights, "pos_embed: is [1, 16, 80], expected [1, 1 + P, 80], P a square");
  }

  @Test
  void saysWhatIsNoFileOfWeights() throws IOException {
    Path missing = folder.resolve("none.pth");
    assertThatThrownBy(() -> VisionClassifier.open(toy(), missing, CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("none.pth: not found");
    Path text = Files.write(folder.resolve("text.pth"), "hello, I am a text\n".getBytes(UTF_8));
    assertThatThrownBy(() -> VisionClassifier.open(toy(), text, CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("text.pth: ");
    assertThatThrownBy(() -> VisionClassifier.open(toy(), folder, CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessageEndingWith(": is a folder, expected a file of weights");
  }
}
