package org.internvl4j.models;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.internvl.InternVlConfig;
import org.internvl4j.models.internvl.VisionConfig;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The chat models of version 1.0, which have no fixture: one is made of V1-1's, whose tower and
/// decoder are held against the reference elsewhere, with a projector of seeded random weights.
class LlavaTest {
  private static final Path FOLDER = Fixtures.folder("internvl-chat-v1-1");
  private static final Device REFERENCE = Devices.open("reference", 1);
  private static final OpenOptions CPU = OpenOptions.DEFAULT.withDevice("cpu");

  private final Map<String, float[]> projector = new HashMap<>();
  private int seen; // width of the tower
  private int width; // of the decoder

  private Map<String, byte[]> files(String more) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    try (SafeTensors weights = SafeTensors.open(FOLDER.resolve("model.safetensors"))) {
      for (String name : weights.names()) {
        Tensor w = weights.tensor(name, REFERENCE);
        if (name.startsWith("mlp1.")) {
          continue;
        }
        String other =
            name.replace("vision_model.", "model.vision_tower.vision_tower.")
                .replace("language_model.", "");
        writer.add(other, w.dtype(), w.toFloats(), w.shape().toArray());
        seen = name.equals("vision_model.embeddings.class_embedding") ? w.dim(2) : seen;
        width = name.equals("language_model.model.norm.weight") ? w.dim(0) : width;
      }
    }
    Random random = new Random(11);
    put(writer, random, "model.mm_projector.0.weight", width, seen);
    put(writer, random, "model.mm_projector.0.bias", width);
    put(writer, random, "model.mm_projector.2.weight", width, width);
    put(writer, random, "model.mm_projector.2.bias", width);
    String chat = Files.readString(FOLDER.resolve("config.json"));
    String vision = Fixtures.json(FOLDER.resolve("config.json")).at("vision_config").toString();
    String language = Fixtures.json(FOLDER.resolve("config.json")).at("llm_config").toString();
    assertThat(chat).contains("LlamaForCausalLM");
    String config =
        language.replaceFirst(
            "\"architectures\":\\s*\\[[^]]*]", "\"architectures\": [\"LlavaLlamaForCausalLM\"]");
    config =
        config.substring(0, config.length() - 1)
            + """
            , "mm_projector_type": "mlp2x_gelu", "mm_vision_select_layer": -2,
            "mm_vision_select_feature": "patch", "image_aspect_ratio": "pad",
            "mm_vision_tower": "./pretrained/intern_vit_6b_224px", "mm_vision_image_size": 70,
            "vision_config": %s %s}
            """
                .formatted(vision, more);
    Map<String, byte[]> files = new HashMap<>();
    files.put("config.json", config.getBytes(UTF_8));
    files.put("model.safetensors", writer.toBytes());
    for (String file : List.of("tokenizer.model", "tokenizer_config.json", "added_tokens.json")) {
      files.put(file, Files.readAllBytes(FOLDER.resolve(file)));
    }
    return files;
  }

  private void put(SafeTensorsWriter writer, Random random, String name, int... dims) {
    int n = IntStream.of(dims).reduce(1, (a, b) -> a * b);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Math.round(random.nextGaussian() * 16) / 256f;
    }
    projector.put(name, values);
    writer.add(name, DType.F32, values, dims);
  }

  private VisionLanguageModel open() throws IOException {
    return VisionLanguageModel.open(Checkpoint.of("v1.0", files("")), CPU.withWholeTower());
  }

  private static Picture noise(int w, int h) {
    byte[] rgb = new byte[w * h * 3];
    new Random(2).nextBytes(rgb);
    return Picture.ofRgb(w, h, rgb);
  }

  @Test
  void eachPatchBecomesATokenByTheProjectorAlone() throws IOException {
    try (VisionLanguageModel model = open();
        VisionModel tower = VisionModel.open(Checkpoint.of("v1.0", files("")), CPU, 0)) {
      assertThat(model.config().tokensPerTile()).isEqualTo(25); // patches of 70 by 70 pixels
      assertThat(tower.side()).isEqualTo(70);
      Tiles tiles = tower.squeezed(noise(70, 70));
      Features tokens = model.imageTokens(tiles);
      assertThat(tokens.rows()).isEqualTo(25);
      float[] states = statesOf(model, tiles);
      for (int row = 0; row < 25; row++) {
        double[] h = new double[seen];
        for (int i = 0; i < seen; i++) {
          h[i] = states[(1 + row) * seen + i]; // without the class token
        }
        double[] y = linear("2", gelu(linear("0", h)));
        for (int i = 0; i < width; i++) {
          assertThat((double) tokens.tiles().getFirst()[row * width + i])
              .isCloseTo(y[i], within(1e-4 * Math.max(1, Math.abs(y[i]))));
        }
      }
    }
  }

  /// Behind the block that the projector is fed from.
  private static float[] statesOf(VisionLanguageModel model, Tiles tiles) {
    try (Workspace steps = new Workspace(model.device(), "test")) {
      Tensor pixels = steps.of(tiles.pixels(0), 1, 3, 70, 70);
      return model.net().tower().forward(pixels, model.config().visionBlocks(), h -> {}).toFloats();
    }
  }

  private double[] linear(String layer, double[] x) {
    float[] w = projector.get("model.mm_projector." + layer + ".weight");
    float[] b = projector.get("model.mm_projector." + layer + ".bias");
    double[] y = new double[b.length];
    for (int o = 0; o < y.length; o++) {
      y[o] = b[o];
      for (int i = 0; i < x.length; i++) {
        y[o] += (double) w[o * x.length + i] * x[i];
      }
    }
    return y;
  }

  /// By the series of the error function, which is 1 in double where the series is no use.
  private static double[] gelu(double[] x) {
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      double z = x[i] / Math.sqrt(2);
      double term = z;
      double sum = z;
      for (int n = 1; n < 200; n++) {
        term *= -z * z / n;
        sum += term / (2 * n + 1);
      }
      double erf = Math.abs(z) > 5 ? Math.signum(z) : 2 / Math.sqrt(Math.PI) * sum;
      y[i] = x[i] * 0.5 * (1 + erf);
    }
    return y;
  }

  @Test
  void textsBeforeAndBehindAPictureAreEncodedApart() throws IOException {
    try (VisionLanguageModel model = open()) {
      Asked asked = Asked.of(model, Question.of("What is it?", noise(30, 60)), 0);
      int[] ids = Prompt.of(model, null, List.of(), asked).ids();
      String system =
          "A chat between a curious user and an artificial intelligence assistant. The assistant"
              + " gives helpful, detailed, and polite answers to the user's questions.";
      List<Integer> expected = new ArrayList<>();
      for (int id : model.tokenizer().encode(PromptText.trusted(system + " USER: "))) {
        expected.add(id);
      }
      for (int i = 0; i < 25; i++) {
        expected.add(model.imageToken());
      }
      int[] behind = model.tokenizer().encode(PromptText.trusted("\nWhat is it? ASSISTANT:"));
      for (int i = 1; i < behind.length; i++) { // without the token that begins a text
        expected.add(behind[i]);
      }
      assertThat(IntStream.of(ids).boxed().toList()).isEqualTo(expected);
      assertThat(model.imageToken()).isGreaterThanOrEqualTo(model.tokenizer().size());
    }
  }

  @Test
  void answersAboutPicturesOverSeveralTurns() throws IOException {
    try (VisionLanguageModel model = open();
        Conversation conversation = model.conversation()) {
      Generation few = Generation.GREEDY.withMaxNewTokens(4);
      Answer first = conversation.ask(Question.of("One?", noise(40, 20)), few, AnswerListener.NONE);
      Answer second =
          conversation.ask(Question.of("Two?", noise(20, 40)), few, AnswerListener.NONE);
      assertThat(first.usage().tiles()).isEqualTo(1);
      assertThat(second.usage().promptTokens()).isGreaterThan(50);
      try (Conversation again = model.conversation()) {
        assertThat(again.ask(Question.of("One?", noise(40, 20)), few, AnswerListener.NONE).text())
            .isEqualTo(first.text());
      }
    }
  }

  /// A tall picture stands in the middle of a square of the mean colour.
  @Test
  void padsPicturesToSquares() throws IOException {
    try (VisionLanguageModel model = open()) {
      Tiles tiles = model.tiles(Question.of("?", noise(35, 70))).getFirst();
      assertThat(tiles.side()).isEqualTo(70);
      float[] pixels = tiles.pixels(0);
      assertThat(pixels[0]).isCloseTo((123 / 255f - 0.485f) / 0.229f, within(1e-6f));
      assertThat(pixels[70 * 35]).isEqualTo(pixels[0]); // left of the middle row
      assertThat(pixels[70 * 35 + 35]).isNotEqualTo(pixels[0]);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "\"mlp2x_gelu\"; \"linear\"; config.json: mm_projector_type is \"linear\", expected mlp2x_gelu",
        "\"patch\"; \"cls_patch\"; config.json: mm_vision_select_feature is \"cls_patch\", expected patch",
        "\"mm_vision_select_layer\": -2; \"mm_vision_select_layer\": -9; config.json: mm_vision_select_layer is -9, expected a layer of",
      })
  void namesAWrongValue(String place, String value, String message) throws IOException {
    Map<String, byte[]> files = files("");
    String config = new String(files.get("config.json"), UTF_8);
    assertThat(config).contains(place);
    files.put("config.json", config.replace(place, value).getBytes(UTF_8));
    assertThatThrownBy(() -> VisionLanguageModel.open(Checkpoint.of("v1.0", files), CPU))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(message);
  }

  /// The shapes of InternVL-Chat-13B: nothing of its tower is in its config.json.
  @Test
  void readsTheTowerOffItsWeights(@TempDir Path temp) throws IOException {
    String v = "model.vision_tower.vision_tower.";
    SafeTensorsWriter writer =
        new SafeTensorsWriter()
            .zeros(v + "embeddings.patch_embedding.weight", DType.BF16, 3200, 3, 14, 14)
            .zeros(v + "embeddings.position_embedding", DType.BF16, 1, 257, 3200);
    for (int i = 0; i < 48; i++) {
      String block = v + "encoder.layers." + i + ".";
      writer.zeros(block + "norm1.weight", DType.BF16, 3200);
      writer.zeros(block + "attn.q_norm.weight", DType.BF16, 3200);
      writer.zeros(block + "mlp.fc1.weight", DType.BF16, 12800, 3200);
    }
    writer.write(temp.resolve("model.safetensors"));
    Files.writeString(
        temp.resolve("config.json"),
        """
        {"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava",
         "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
         "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 4096,
         "rms_norm_eps": 1e-05, "mm_hidden_size": 3200, "mm_projector_type": "mlp2x_gelu",
         "mm_vision_tower": "OpenGVLab/InternViT-6B-224px", "mm_vision_select_layer": -4,
         "mm_vision_select_feature": "patch", "image_aspect_ratio": "pad"}
        """);
    try (Checkpoint checkpoint = Checkpoint.open(temp)) {
      InternVlConfig config = InternVlConfig.of(checkpoint);
      assertThat(config.vision())
          .isEqualTo(new VisionConfig(224, 14, 3200, 48, 25, 12800, true, 1e-6f, false, true));
      assertThat(config.tokensPerTile()).isEqualTo(576);
      assertThat(config.visionBlocks()).isEqualTo(45);
      assertThat(config.pad2square()).isTrue();
      assertThat(config.language().architecture()).isEqualTo("LlamaForCausalLM");
    }
  }
}
