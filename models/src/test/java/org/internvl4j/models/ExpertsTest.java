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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.models.nn.Decoder;
import org.internvl4j.models.nn.Step;
import org.internvl4j.models.text.PromptText;
import org.internvl4j.models.text.Specials;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Qwen3-MoE, for which there is no golden file, against [Qwen3Reference], which is first held
/// against the golden file of the dense Qwen3. The mixtures are that model's, with experts of
/// seeded random weights in place of the first block's MLP; the second block keeps its own.
class ExpertsTest {
  private static final String FIXTURE = "internvl3_5-1b";
  private static final Path FOLDER = Fixtures.folder(FIXTURE);
  private static final Device REFERENCE = Devices.open("reference", 1);
  private static final String LANGUAGE = "language_model.";
  private static final String MLP = LANGUAGE + "model.layers.0.mlp.";
  private static final int EXPERTS = 12;
  private static final int WIDTH = 40;

  private final Map<String, float[]> weights = new LinkedHashMap<>();
  private final Map<String, int[]> shapes = new HashMap<>();

  ExpertsTest() {
    try (SafeTensors file = SafeTensors.open(FOLDER.resolve("model.safetensors"))) {
      for (String name : file.names()) {
        Tensor w = file.tensor(name, REFERENCE);
        put(name, w.toFloats(), w.shape().toArray());
      }
    }
  }

  private void put(String name, float[] values, int... dims) {
    weights.put(name, values);
    shapes.put(name, dims);
  }

  /// @return the model's configuration, of which a token goes to `chosen` experts
  String mix(int chosen, boolean renormalised) throws IOException {
    weights.keySet().removeIf(name -> name.startsWith(MLP));
    Random random = new Random(5);
    put(MLP + "gate.weight", random(random, EXPERTS * 64, 0.5), EXPERTS, 64);
    for (int e = 0; e < EXPERTS; e++) {
      String expert = MLP + "experts." + e + ".";
      put(expert + "gate_proj.weight", random(random, WIDTH * 64, 0.2), WIDTH, 64);
      put(expert + "up_proj.weight", random(random, WIDTH * 64, 0.2), WIDTH, 64);
      put(expert + "down_proj.weight", random(random, 64 * WIDTH, 0.2), 64, WIDTH);
    }
    return Files.readString(FOLDER.resolve("config.json"))
        .replace("Qwen3ForCausalLM", "Qwen3MoeForCausalLM")
        .replace(
            "\"head_dim\": 24",
            """
            "head_dim": 24, "num_experts": %d, "num_experts_per_tok": %d,
            "moe_intermediate_size": %d, "norm_topk_prob": %s, "decoder_sparse_step": 1,
            "mlp_only_layers": [1]\
            """
                .formatted(EXPERTS, chosen, WIDTH, renormalised));
  }

  private static float[] random(Random random, int n, double scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Math.round(random.nextGaussian() * scale * 256) / 256f; // few bits, none lost
    }
    return values;
  }

  VisionLanguageModel open(String config, OpenOptions options) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    weights.forEach((name, values) -> writer.add(name, DType.F32, values, shapes.get(name)));
    Map<String, byte[]> files = new HashMap<>();
    files.put("model.safetensors", writer.toBytes());
    files.put("config.json", config.getBytes(UTF_8));
    for (String file : List.of("vocab.json", "merges.txt", "tokenizer_config.json")) {
      files.put(file, Files.readAllBytes(FOLDER.resolve(file)));
    }
    return VisionLanguageModel.open(Checkpoint.of("mixture", files), options);
  }

  private VisionLanguageModel open(String config) throws IOException {
    return open(config, OpenOptions.DEFAULT.withDevice("cpu"));
  }

  private Qwen3Reference reference(VisionLanguageModel model) {
    Map<String, float[]> below = new HashMap<>();
    weights.forEach((name, values) -> {
      if (name.startsWith(LANGUAGE)) {
        below.put(name.substring(LANGUAGE.length()), values);
      }
    });
    return new Qwen3Reference(model.config().language(), below);
  }

  private static float[] logits(VisionLanguageModel model, int[] ids) {
    Decoder decoder = model.net().decoder();
    try (Workspace steps = new Workspace(model.device(), "test");
        KvCache cache = decoder.newCache("test")) {
      cache.reserve(ids.length);
      Step step =
          decoder.step(List.of(new Step.Span(ids.length, cache, ids.length)), steps).begin();
      Tensor y = decoder.forward(decoder.embed(steps.of(ids, ids.length)), step, h -> {});
      return decoder.logits(y).toFloats();
    }
  }

  private static double nmse(double[][] expected, float[] found) {
    double error = 0;
    double square = 0;
    int at = 0;
    for (double[] row : expected) {
      for (double value : row) {
        error += (value - found[at]) * (value - found[at]);
        square += value * value;
        at++;
      }
    }
    assertThat(at).isEqualTo(found.length);
    return error / square;
  }

  @Test
  void theReferenceEqualsTheGoldenFileOfTheDenseModel() throws IOException {
    try (VisionLanguageModel model = open(Files.readString(FOLDER.resolve("config.json")))) {
      int[] ids = model.tokenizer().encode(PromptText.literal("An image of a small red square."));
      assertThat(nmse(reference(model).logits(ids), logits(model, ids))).isLessThan(1e-11);
    }
    List<Verifier.Check> checks = new ArrayList<>();
    try (VisionLanguageModel model =
            open(
                Files.readString(FOLDER.resolve("config.json")),
                OpenOptions.DEFAULT.withDevice("cpu").withWholeTower());
        SafeTensors golden = SafeTensors.open(FOLDER.resolve("golden.safetensors"))) {
      new Verifier(model, checks::add).golden(golden, Fixtures.cases(FIXTURE));
    }
    assertThat(checks).isNotEmpty().allSatisfy(c -> assertThat(c.passed()).isTrue());
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, true", "2, false", "12, true", "12, false"})
  void equalsTheReference(int chosen, boolean renormalised) throws IOException {
    try (VisionLanguageModel model = open(mix(chosen, renormalised))) {
      int[] ids = model.tokenizer().encode(PromptText.literal("An image of a small red square."));
      assertThat(ids.length).isGreaterThan(10);
      assertThat(nmse(reference(model).logits(ids), logits(model, ids))).isLessThan(1e-9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void decodesAsTheReferenceDoes(String device) throws IOException {
    try (VisionLanguageModel model = open(mix(2, true), OpenOptions.DEFAULT.withDevice(device))) {
      assertThat(model.net().decoder().isRecordable()).isFalse();
      int[] ids = Prompt.single(model, Question.of("What is it?")).ids();
      int[] expected = reference(model).greedy(ids, 6);
      Answer answer =
          model.ask(
              Question.of("What is it?"),
              Generation.GREEDY.withMaxNewTokens(6),
              AnswerListener.NONE);
      assertThat(answer.text())
          .isEqualTo(model.tokenizer().decode(expected, Specials.SKIP).strip());
    }
  }

  @Test
  void answersTogetherWhatItAnswersAlone() throws IOException {
    try (VisionLanguageModel model = open(mix(3, true))) {
      List<Question> questions =
          List.of(Question.of("A?"), Question.of("And b?"), Question.of("C"));
      Generation few = Generation.GREEDY.withMaxNewTokens(5);
      List<String> together = model.askAll(questions, few).stream().map(Answer::text).toList();
      List<String> alone =
          questions.stream().map(q -> model.ask(q, few, AnswerListener.NONE).text()).toList();
      assertThat(together).isEqualTo(alone);
    }
  }

  /// An expert that no token is sent to could be anything.
  @Test
  void touchesOnlyTheExpertsInUse() throws IOException {
    String config = mix(1, true);
    int[] ids;
    float[] expected;
    boolean[] used = new boolean[EXPERTS];
    try (VisionLanguageModel model = open(config)) {
      ids = model.tokenizer().encode(PromptText.literal("A red"));
      expected = logits(model, ids);
      reference(model)
          .blocks(ids, (layer, experts) -> IntStream.of(experts).forEach(e -> used[e] = true));
    }
    for (int e = 0; e < EXPERTS; e++) {
      if (!used[e]) {
        Arrays.fill(weights.get(MLP + "experts." + e + ".down_proj.weight"), Float.NaN);
      }
    }
    assertThat(used).contains(true, false);
    try (VisionLanguageModel model = open(config)) {
      assertThat(logits(model, ids)).containsExactly(expected);
    }
  }

  @Test
  void namesAWrongNumberOfExperts() throws IOException {
    String config = mix(13, true);
    assertThatThrownBy(() -> open(config))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "config.json: llm_config.num_experts_per_tok is 13, expected at most num_experts, 12");
  }
}
