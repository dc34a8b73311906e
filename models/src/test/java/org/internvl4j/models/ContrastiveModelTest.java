package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.ContrastiveModel.Mode;
import org.internvl4j.models.contrastive.CaptionOptions;
import org.internvl4j.models.contrastive.Vectors;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// InternVL-14B against the reference's own numbers, and what its parts promise each other.
class ContrastiveModelTest {
  private static final Path FOLDER = Fixtures.folder("internvl-14b-224px");
  private static final ContrastiveModel MODEL = open(OpenOptions.DEFAULT.withDevice("cpu"));

  private static ContrastiveModel open(OpenOptions options) {
    return ContrastiveModel.open(Checkpoint.open(FOLDER), options);
  }

  @AfterAll
  static void close() {
    MODEL.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "plain", "reference"})
  void equalsTheReference(String device) {
    List<Verifier.Check> checks = new ArrayList<>();
    try (ContrastiveModel model = open(OpenOptions.DEFAULT.withDevice(device));
        SafeTensors golden = SafeTensors.open(FOLDER.resolve("golden.safetensors"))) {
      new ContrastiveVerifier(model, checks::add)
          .golden(golden, Fixtures.json(FOLDER.resolve("cases.json")));
    }
    assertThat(checks)
        .hasSize(10)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue())
        .noneMatch(c -> c.detail().contains("not compared"));
  }

  @Test
  void readsTextsTogetherAsItReadsThemAlone() {
    List<String> texts =
        Stream.iterate(0, i -> i + 1).limit(40).map(i -> "a photo of " + "x".repeat(i)).toList();
    List<float[]> together = MODEL.textFeatures(texts);
    for (int i = 0; i < texts.size(); i++) {
      float[] alone = MODEL.textFeatures(List.of(texts.get(i))).getFirst();
      assertThat(distance(alone, together.get(i))).as(texts.get(i)).isLessThan(1e-6);
    }
  }

  /// The length of a difference, of that of the first vector.
  private static double distance(float[] a, float[] b) {
    float[] difference = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      difference[i] = a[i] - b[i];
    }
    return Math.sqrt(Vectors.dot(difference, difference) / Vectors.dot(a, a));
  }

  @Test
  void cutsATextThatIsTooLongBeforeItsEnd() {
    int[] ids = MODEL.textIds("word ".repeat(100));
    assertThat(ids).hasSize(ContrastiveModel.TEXT_TOKENS);
    assertThat(ids[0]).isEqualTo(MODEL.tokenizer().id("<s>").orElseThrow());
    assertThat(ids[79]).isEqualTo(MODEL.tokenizer().id("</s>").orElseThrow());
    assertThat(MODEL.textIds("")).startsWith(ids[0]).endsWith(ids[79]);
  }

  @Test
  void whatAUserTypesIsNoControlToken() {
    int[] harmless = MODEL.textIds("a");
    int[] injected = MODEL.textIds("a</s>");
    assertThat(injected.length).isGreaterThan(harmless.length + 1);
  }

  /// A text's features are its states at the token whose index is the count of tokens that are not
  /// 0, less one; with a piece that the vocabulary lacks that is not the last one.
  @Test
  void featuresAreTheStateAtTheCountOfVisibleTokens() {
    int[] ids = {1, 20, 0, 33, 41, 2};
    try (Workspace steps = new Workspace(MODEL.device(), "test")) {
      float[] feature = MODEL.net().texts(List.of(ids), steps).getFirst();
      int width = MODEL.config().qllama().hiddenSize();
      float[] states = MODEL.net().textStates(Arrays.copyOf(ids, 80), steps);
      float[] shorter = MODEL.net().texts(List.of(new int[] {1, 20, 0, 33, 41}), steps).getFirst();
      assertThat(states).hasSize(80 * width);
      // the fifth token, which the end comes after: the same without the end, whose count is one
      // less
      float[] state = Arrays.copyOfRange(states, 4 * width, 5 * width);
      float[] projected = project(state);
      assertThat(distance(projected, feature)).isLessThan(1e-5);
      assertThat(distance(feature, shorter)).isGreaterThan(1e-3); // which is at the fourth
    }
  }

  private static float[] project(float[] state) {
    try (SafeTensors weights = SafeTensors.open(FOLDER.resolve("model.safetensors"))) {
      float[] p = weights.tensor("text_projection", MODEL.device()).toFloats();
      int width = MODEL.config().clipEmbedDim();
      float[] y = new float[width];
      for (int o = 0; o < width; o++) {
        double sum = 0;
        for (int i = 0; i < state.length; i++) {
          sum += (double) state[i] * p[i * width + o];
        }
        y[o] = (float) sum;
      }
      return y;
    }
  }

  @Test
  void statesOfATextAreThoseOfEveryToken() {
    Features states = MODEL.textStates("a red panda");
    assertThat(states.rows()).isEqualTo(80);
    assertThat(states.columns()).isEqualTo(MODEL.config().qllama().hiddenSize());
    int last = MODEL.textIds("a red panda").length - 1;
    int c = states.columns();
    float[] atEnd = Arrays.copyOfRange(states.tiles().getFirst(), last * c, (last + 1) * c);
    float[] feature = MODEL.textFeatures(List.of("a red panda")).getFirst();
    assertThat(distance(project(atEnd), feature)).isLessThan(1e-5);
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aPictureIsItselfWhateverIsSeenBesideIt(Mode mode) {
    Tiles two = Tiles.concat(List.of(MODEL.cropped(noise(1)), MODEL.squeezed(noise(2))));
    List<float[]> together = MODEL.imageFeatures(two, mode);
    assertThat(MODEL.imageFeatures(MODEL.cropped(noise(1)), mode).getFirst())
        .containsExactly(together.getFirst());
    assertThat(MODEL.imageFeatures(MODEL.squeezed(noise(2)), mode).getFirst())
        .containsExactly(together.getLast());
  }

  private static Picture noise(long seed) {
    byte[] rgb = new byte[90 * 70 * 3];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(90, 70, rgb);
  }

  @Test
  void moreBeamsGiveOneCaptionOfTheLengthAskedFor() {
    Tiles tiles = MODEL.squeezed(noise(3));
    CaptionOptions options = CaptionOptions.DEFAULT.withNewTokens(4, 12);
    String caption = MODEL.caption(tiles, options);
    assertThat(MODEL.caption(tiles, options)).isEqualTo(caption);
    try (ContrastiveModel other = open(OpenOptions.DEFAULT.withDevice("reference"))) {
      assertThat(other.caption(tiles, options)).isEqualTo(caption);
    }
  }

  @Test
  void aCaptionDoesNotOutgrowTheContext() {
    Tiles tiles = MODEL.squeezed(noise(3));
    CaptionOptions options = CaptionOptions.DEFAULT.withNewTokens(1, 1 << 20);
    assertThatThrownBy(() -> MODEL.caption(tiles, options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("caption: .* more than the context of \\d+; at most \\d+ new ones fit");
  }

  @Test
  void keepsItsLanguagePartInFewerBits() {
    try (ContrastiveModel q8 =
        open(OpenOptions.DEFAULT.withDevice("cpu").withWeights(WeightFormat.Q8))) {
      float[] feature = MODEL.textFeatures(List.of("a cat")).getFirst();
      float[] coarse = q8.textFeatures(List.of("a cat")).getFirst();
      assertThat(distance(feature, coarse)).isBetween(1e-6, 0.05);
      assertThat(q8.logitScale()).isEqualTo(MODEL.logitScale(), within(0.0));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "config.json; \"attn_pool_num_heads\": 4; \"attn_pool_num_heads\": 5; config.json: attn_pool_num_heads is 5, expected heads that divide both widths, not 5 of 64 and 64",
        "config.json; \"num_key_value_heads\": 4; \"num_key_value_heads\": 2; config.json: qllama_config.num_key_value_heads is 2, expected as many as heads, 4",
        "config.json; \"num_query_token\": 6; \"num_query_token\": 7; model.safetensors: query_tokens is [1, 6, 64], expected [1, 7, 64]",
        "preprocessor_config.json; \"size\": 56; \"size\": 28; preprocessor_config.json: crop_size is 56, expected at most size, 28",
        "preprocessor_config.json; \"resample\": 3; \"resample\": 2; preprocessor_config.json: resample is 2, expected 3, bicubic",
      })
  void namesAWrongValue(String file, String place, String value, String message)
      throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (Stream<Path> all = Files.list(FOLDER)) {
      for (Path path : all.toList()) {
        files.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
    }
    String text = new String(files.get(file), UTF_8);
    assertThat(text).contains(place);
    files.put(file, text.replace(place, value).getBytes(UTF_8));
    assertThatThrownBy(() ->
            ContrastiveModel.open(
                Checkpoint.of("wrong", files), OpenOptions.DEFAULT.withDevice("cpu")))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(message);
  }

  @Test
  void refusesAChatModel() {
    assertThatThrownBy(() -> ContrastiveModel.open(Fixtures.folder("internvl2-1b")))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageStartingWith(
            "config.json: architecture InternVLChatModel does not put pictures and texts into one"
                + " space");
  }

  @Test
  void refusesTilesOfAnotherSide() {
    assertThatThrownBy(
            () -> MODEL.imageFeatures(Tiles.ofPixels(new float[3 * 28 * 28], 1, 28), Mode.C))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("internvl-14b-224px: tiles have 28 pixels a side, expected 56");
  }
}
