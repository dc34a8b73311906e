package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.chat.MarkedText;
import org.internvl4j.models.image.Normalization;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.text.TokenizerJsons;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Checkpoints as transformers writes them, whose fixture lacks `tokenizer.json`, processor and
/// chat template: they are written here.
class TransformersLayoutTest {
  private static final String FIXTURE = "internvl3-1b-hf";
  private static final Device REFERENCE = Devices.open("reference", 1);
  private static final Path FOLDER = Fixtures.folder(FIXTURE);
  private static final String SYSTEM = "You describe pictures.";
  private static final String QUESTION = "请描述这张图片。";
  private static final String PROCESSOR =
      """
      {"image_processor": {"crop_to_patches": true, "min_patches": 1, "max_patches": 3,
        "size": {"height": 56, "width": 56},
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
        "image_processor_type": "GotOcr2ImageProcessorFast"}, "image_seq_length": 4}
      """;
  private static final String TEMPLATE =
      """
      {% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n'}}{% if message['content'] is string %}\
      {{ message['content'] }}{% else %}{% for content in message['content'] %}{% if content['type'] == 'image' %}\
      {{ '<IMG_CONTEXT>\\n' }}{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}\
      {{'<|im_end|>\\n'}}{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant\\n' }}{% endif %}
      """;

  /// The fixture as one file, with other names for weights and what published folders hold.
  private static Map<String, byte[]> files(UnaryOperator<String> names) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (int shard = 1; shard <= 2; shard++) {
      Path file = FOLDER.resolve("model-0000" + shard + "-of-00002.safetensors");
      try (SafeTensors weights = SafeTensors.open(file)) {
        for (String name : weights.names()) {
          Tensor w = weights.tensor(name, REFERENCE);
          writer.add(names.apply(name), w.dtype(), w.toFloats(), w.shape().toArray());
        }
      }
    }
    files.put("model.safetensors", writer.toBytes());
    files.put("config.json", Files.readAllBytes(FOLDER.resolve("config.json")));
    files.put("tokenizer.json", TokenizerJsons.qwen2(FIXTURE).getBytes(UTF_8));
    files.put(
        "tokenizer_config.json",
        Files.readString(FOLDER.resolve("tokenizer_config.json"))
            .replace("Qwen2Tokenizer", "Qwen2TokenizerFast")
            .getBytes(UTF_8));
    files.put("processor_config.json", PROCESSOR.getBytes(UTF_8));
    files.put("chat_template.jinja", TEMPLATE.getBytes(UTF_8));
    return files;
  }

  private static VisionLanguageModel open(Map<String, byte[]> files) {
    return VisionLanguageModel.open(
        Checkpoint.of("published", files), OpenOptions.DEFAULT.withDevice("cpu").withWholeTower());
  }

  /// Of before transformers 4.56.
  private static String older(String name) {
    return name.replaceFirst("^model\\.language_model\\.", "language_model.model.")
        .replaceFirst("^lm_head\\.", "language_model.lm_head.")
        .replaceFirst("^model\\.", "");
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void equalsTheReferenceUnderTheNamesOfBothGenerations(boolean isOlder) throws IOException {
    List<Verifier.Check> checks = new ArrayList<>();
    try (VisionLanguageModel model =
            open(files(isOlder ? TransformersLayoutTest::older : UnaryOperator.identity()));
        SafeTensors golden = SafeTensors.open(FOLDER.resolve("golden.safetensors"))) {
      new Verifier(model, checks::add).golden(golden, Fixtures.cases(FIXTURE));
    }
    assertThat(checks)
        .hasSizeGreaterThan(8)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  @Test
  void asksAsTheChatTemplateDoes() throws IOException {
    try (VisionLanguageModel model = open(files(UnaryOperator.identity()));
        SafeTensors golden = SafeTensors.open(FOLDER.resolve("golden.safetensors"))) {
      Tiles tiles = Tiles.ofPixels(new float[2 * 3 * 56 * 56], 2, 56);
      Asked asked = Asked.of(model, Question.ofTiles(QUESTION, List.of(tiles)), 0);
      int[] ids = Prompt.of(model, SYSTEM, List.of(), asked).ids();
      float[] expected = golden.tensor("input_ids", model.device()).toFloats();
      assertThat(Arrays.stream(ids).asDoubleStream().toArray())
          .containsExactly(
              IntStream.range(0, expected.length).mapToDouble(i -> expected[i]).toArray());
      String prompt = model.template().render(List.of()).toString();
      assertThat(prompt).isEmpty(); // no system message of its own
      assertThat(Asked.of(model, Question.ofTiles("Both?", List.of(tiles, tiles)), 1).text())
          .isEqualTo(new MarkedText("<image>\n<image>\nBoth?", List.of(0, 8)));
    }
  }

  @Test
  void cutsPicturesAsItsProcessorSays() throws IOException {
    Map<String, byte[]> files = files(UnaryOperator.identity());
    Picture wide = Picture.ofRgb(400, 100, new byte[400 * 100 * 3]);
    try (VisionLanguageModel model = open(files)) {
      assertThat(model.tiling().cut(wide).count()).isEqualTo(4); // three and the whole
      assertThat(model.config().normalization()).isEqualTo(Normalization.IMAGENET);
    }
    files.put(
        "processor_config.json",
        PROCESSOR
            .replace("\"crop_to_patches\": true", "\"crop_to_patches\": false")
            .replace("0.485, 0.456, 0.406", "0.5, 0.5, 0.5")
            .replace("0.229, 0.224, 0.225", "0.5, 0.5, 0.5")
            .getBytes(UTF_8));
    try (VisionLanguageModel model = open(files)) {
      assertThat(model.tiling().cut(wide).count()).isEqualTo(1);
      assertThat(model.config().normalization()).isEqualTo(Normalization.SIGLIP);
    }
    files.put("preprocessor_config.json", files.remove("processor_config.json"));
    files.put(
        "preprocessor_config.json",
        "{\"max_patches\": 2, \"crop_to_patches\": true}".getBytes(UTF_8));
    try (VisionLanguageModel model = open(files)) {
      assertThat(model.tiling().cut(wide).count()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"height\": 56; \"height\": 60; processor_config.json: image_processor.size.width is 56, expected the height, 60",
        "\"max_patches\": 3; \"max_patches\": 0; processor_config.json: image_processor.max_patches is 0, expected an integer of 1 to",
        "0.485, 0.456, 0.406; 0.485; processor_config.json: image_processor.image_mean is a list of 1, expected three numbers, of red, green and blue",
      })
  void namesAWrongValueOfTheProcessor(String place, String value, String message)
      throws IOException {
    Map<String, byte[]> files = files(UnaryOperator.identity());
    assertThat(PROCESSOR).contains(place);
    files.put("processor_config.json", PROCESSOR.replace(place, value).getBytes(UTF_8));
    assertThatThrownBy(() -> open(files))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void beginsWithTheSystemMessageOfTheChatTemplate() throws IOException {
    Map<String, byte[]> files = files(UnaryOperator.identity());
    files.remove("chat_template.jinja");
    files.put(
        "chat_template.json",
        Json.parse(
                "{\"chat_template\": \"{{- '<|im_start|>system\\\\nYou help.\\\\nAlways.<|im_end|>\\\\n' }}\"}"
                    .getBytes(UTF_8),
                "chat_template.json")
            .toString()
            .getBytes(UTF_8));
    try (VisionLanguageModel model = open(files)) {
      assertThat(model.template().systemMessage()).isEqualTo("You help.\nAlways.");
    }
  }

  @Test
  void refusesAChatTemplateOfOtherTokens() throws IOException {
    Map<String, byte[]> files = files(UnaryOperator.identity());
    files.put("chat_template.jinja", "[INST] {{ messages }} [/INST]".getBytes(UTF_8));
    assertThatThrownBy(() -> open(files))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessage(
            "chat_template.jinja: chat_template has no <|im_start|>, the only form that is"
                + " supported");
  }

  @Test
  void refusesAnImageTokenThatTheTokenizerGivesAnotherId() throws IOException {
    Map<String, byte[]> files = files(UnaryOperator.identity());
    String config = new String(files.get("config.json"), UTF_8);
    files.put(
        "config.json",
        config.replace("\"image_token_id\": 425", "\"image_token_id\": 424").getBytes(UTF_8));
    assertThatThrownBy(() -> open(files))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "config.json: image_token_id is 424, expected 425, which is <IMG_CONTEXT> in the"
                + " tokenizer's files");
  }

  @Test
  void refusesHalfOfQueriesKeysAndValues() throws IOException {
    Map<String, byte[]> files =
        files(name -> name.replace("layer.1.attention.k_proj", "layer.1.attention.other"));
    assertThatThrownBy(() -> open(files))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("v_proj")
        .hasMessageContaining("of which others are missing");
  }
}
