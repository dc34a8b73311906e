package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.LoadListener.Stage;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.RawTensors;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole models with adapters, against the same models with `W + scale · B·A`, in doubles, written
/// out.
class AdaptersTest {
  private static final String F32 = "internvl4j.cuda.f32";
  private static final UnaryOperator<String> SAME = UnaryOperator.identity();
  private static final int RANK = 4;

  @TempDir private Path temp;
  private int written;

  @AfterEach
  void asBefore() {
    System.clearProperty(F32);
  }

  private Path newFolder() {
    return temp.resolve("model-" + written++);
  }

  private static OpenOptions options() {
    return OpenOptions.DEFAULT.withDevice("cpu").withThreads(2).withoutCache();
  }

  private static Reply reply(Path folder, OpenOptions options) {
    try (VisionLanguageModel model = VisionLanguageModel.open(Checkpoint.open(folder), options)) {
      return Reply.of(model);
    }
  }

  /// Sums of floats in another order, nothing else.
  private static void assertNear(Reply found, Reply expected) {
    assertThat(TensorAssert.nmse(found.prompt(), expected.prompt())).isLessThan(1e-9);
    assertThat(TensorAssert.nmse(found.next(), expected.next())).isLessThan(1e-9);
  }

  private static void assertFar(Reply found, Reply expected) {
    assertThat(TensorAssert.nmse(found.prompt(), expected.prompt())).isGreaterThan(1e-3);
  }

  private Path plain(String fixture) throws IOException {
    return LoraFiles.model(
        fixture, newFolder(), QuantisedModel.ALL, SAME, (n, w) -> w, new RawTensors());
  }

  private Path changed(String fixture, Map<String, double[][]> changes) throws IOException {
    return LoraFiles.model(
        fixture,
        newFolder(),
        QuantisedModel.ALL,
        SAME,
        (name, w) -> changes.containsKey(name) ? LoraFiles.plus(w, changes.get(name)) : w,
        new RawTensors());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"internvl2-1b", "internvl2-2b", "internvl2-4b", "internvl2-76b", "internvl2_5-1b"})
  void anAdapterIsAddedToAllMatrices(String fixture) throws IOException {
    LoraFiles lora = new LoraFiles(RANK, 1);
    Map<String, double[][]> changes = lora.everything(fixture, QuantisedModel.ALL, 8.0 / RANK);
    Path adapter = lora.write(temp.resolve("adapter"), 8, "");
    Reply expected = reply(changed(fixture, changes), options());
    Path plain = plain(fixture);
    assertNear(reply(plain, options().withAdapter(adapter)), expected);
    assertFar(reply(plain, options()), expected);
  }

  /// The base as published, bf16: the sum is rounded once more.
  @Test
  void aSumIsRoundedToWhatTheMatrixIsStoredAs() throws IOException {
    LoraFiles lora = new LoraFiles(RANK, 1);
    Map<String, double[][]> changes =
        lora.everything("internvl2-2b", QuantisedModel.ALL, 8.0 / RANK);
    Path adapter = lora.write(temp.resolve("adapter"), 8, "");
    Reply expected = reply(changed("internvl2-2b", changes), options());
    Reply found = reply(Fixtures.folder("internvl2-2b"), options().withAdapter(adapter));
    assertThat(TensorAssert.nmse(found.prompt(), expected.prompt())).isBetween(1e-9, 2e-4);
  }

  @ParameterizedTest
  @CsvSource({
    "q8, internvl2-1b",
    "q8, internvl2-2b",
    "q4, internvl2-4b",
    "q4, internvl2-76b",
    "q8, internvl3_5-1b",
    "q4, internvl2-2b"
  })
  void besideFewerBitsItStaysWhole(String format, String fixture) throws IOException {
    WeightFormat kept = WeightFormat.valueOf(format.toUpperCase(Locale.ROOT));
    LoraFiles lora = new LoraFiles(RANK, 2);
    Map<String, double[][]> changes = lora.everything(fixture, QuantisedModel.BLOCKS, 2);
    Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
    Pattern language =
        Pattern.compile(QuantisedModel.BLOCKS + "|language_model.(?:output|lm_head).weight");
    Path expected =
        LoraFiles.model(
            fixture,
            temp.resolve("expected"),
            language,
            SAME,
            (name, w) -> {
              double[][] rounded = rounded(kept, w);
              return changes.containsKey(name)
                  ? LoraFiles.plus(rounded, changes.get(name))
                  : rounded;
            },
            new RawTensors());
    OpenOptions options = options().withWeights(kept).withAdapter(adapter);
    Reply right = reply(expected, options());
    assertNear(reply(Fixtures.folder(fixture), options.withDevice("reference")), right);
    Reply found = reply(Fixtures.folder(fixture), options); // rounds activations to 8 bits, too
    assertThat(TensorAssert.nmse(found.prompt(), right.prompt())).isLessThan(1e-3);
  }

  private static double[][] rounded(WeightFormat kept, double[][] w) {
    double[][] rounded = new double[w.length][w[0].length];
    for (int n = 0; n < w.length; n++) {
      float[] row = new float[w[n].length];
      for (int k = 0; k < row.length; k++) {
        row[k] = (float) w[n][k];
      }
      Blocks.round(kept.keep(DType.BF16), row);
      for (int k = 0; k < row.length; k++) {
        rounded[n][k] = row[k];
      }
    }
    return rounded;
  }

  static Stream<QuantisedWriter> formats() {
    return Stream.of(
        new QuantisedWriter.Awq(16),
        new QuantisedWriter.Int8(), // towers and projectors, too
        new QuantisedWriter.Nf4(64, 16));
  }

  @ParameterizedTest
  @MethodSource("formats")
  void besideAQuantisedFileItStaysWhole(QuantisedWriter format) throws IOException {
    String fixture = "internvl2-2b";
    Pattern which =
        format instanceof QuantisedWriter.Int8 ? QuantisedModel.ALL : QuantisedModel.BLOCKS;
    QuantisedModel.write(fixture, format, which, temp);
    LoraFiles lora = new LoraFiles(RANK, 3);
    Map<String, double[][]> changes = lora.everything(fixture, which, 2);
    Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
    Path expected = LoraFiles.sum(temp.resolve("plain-bf16"), changes, fixture, newFolder());
    for (String device : devices()) {
      System.setProperty(F32, "true");
      OpenOptions options = options().withDevice(device);
      assertNear(
          reply(temp.resolve("quantised"), options.withAdapter(adapter)), reply(expected, options));
    }
  }

  private static List<String> devices() {
    return Files.exists(Path.of(System.getProperty("internvl4j.cuda.library")))
        ? List.of("cpu", "plain", "cuda", "cuda:0,1")
        : List.of("cpu", "plain");
  }

  /// In bf16, which both sides round to: merged, and beside a quantised base.
  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void aGpuAddsThemToo(DType dtype) throws IOException {
    assumeTrue(devices().contains("cuda"), "no emulator was built");
    System.setProperty(F32, Boolean.toString(dtype == DType.F32));
    double bound = dtype == DType.F32 ? 1e-9 : 2e-3; // activations of 8 bits, two sides of them
    LoraFiles lora = new LoraFiles(RANK, 3);
    String fixture = "internvl2-1b";
    Map<String, double[][]> changes = lora.everything(fixture, QuantisedModel.BLOCKS, 2);
    Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
    QuantisedModel.write(fixture, new QuantisedWriter.Awq(16), QuantisedModel.BLOCKS, temp);
    Map<Path, Path> pairs =
        Map.of(
            plain(fixture),
            changed(fixture, changes),
            temp.resolve("quantised"),
            LoraFiles.sum(temp.resolve("plain-bf16"), changes, fixture, newFolder()));
    pairs.forEach((base, expected) -> {
      Reply found = reply(base, options().withDevice("cuda").withAdapter(adapter));
      Reply right = reply(expected, options());
      assertThat(TensorAssert.nmse(found.prompt(), right.prompt())).isLessThan(bound);
    });
  }

  @Test
  void severalAdaptersAreAddedWithTheirWeights() throws IOException {
    String fixture = "internvl2-2b";
    LoraFiles one = new LoraFiles(RANK, 4);
    Map<String, double[][]> changes = new HashMap<>();
    one.everything(fixture, QuantisedModel.BLOCKS, 2)
        .forEach((name, c) -> changes.put(name, LoraFiles.times(0.5, c)));
    LoraFiles two = new LoraFiles(3, 5);
    two.everything(fixture, QuantisedModel.ALL, 2)
        .forEach((name, c) -> changes.merge(name, LoraFiles.times(-1.25, c), LoraFiles::plus));
    Path first = one.write(temp.resolve("one"), 2 * RANK, "");
    Path second = two.write(temp.resolve("two"), 6, "");
    Reply expected = reply(changed(fixture, changes), options());
    OpenOptions both = options().withAdapter(first, 0.5).withAdapter(second, -1.25);
    Path plain = plain(fixture);
    assertNear(reply(plain, both), expected);
    assertFar(reply(plain, options().withAdapter(first).withAdapter(second)), expected);
  }

  @Test
  void scalesFollowRootsAndPatterns() throws IOException {
    String fixture = "internvl2-2b";
    LoraFiles lora = new LoraFiles(RANK, 6);
    Map<String, double[][]> changes = new HashMap<>();
    LoraFiles.matrices(fixture, QuantisedModel.BLOCKS)
        .forEach((name, w) -> {
          String m = "base_model.model." + LoraFiles.moduleOf(name);
          boolean wide = name.endsWith("feed_forward.w2.weight");
          boolean first = name.contains("layers.0.attention.wo.");
          int rank = wide ? 9 : RANK;
          double alpha = first ? 5 : name.endsWith(".w1.weight") ? 7 : 8;
          changes.put(
              name,
              lora.change(
                  m + ".lora_A.weight", m + ".lora_B.weight", w, alpha / Math.sqrt(rank), rank));
        });
    Path adapter =
        lora.write(
            temp.resolve("adapter"),
            8,
            """
            , "use_rslora": true, "rank_pattern": {"feed_forward.w2": 9},
             "alpha_pattern": {"^language_model.model.layers.0.attention.wo": 5, "w1": 7, "1": 3}\
            """);
    assertNear(
        reply(plain(fixture), options().withAdapter(adapter)),
        reply(changed(fixture, changes), options()));
  }

  /// Names and matrices of the layout of transformers, on those of OpenGVLab.
  @ParameterizedTest
  @ValueSource(strings = {"internvl2-1b", "internvl2-2b", "internvl2-4b"})
  void anAdapterOfTheOtherLayoutGoesIntoTheRowsOfFusedMatrices(String fixture) throws IOException {
    for (String prefix : List.of("model.language_model.", "language_model.model.")) {
      LoraFiles lora = new LoraFiles(RANK, 7);
      Map<String, double[][]> changes = new HashMap<>();
      LoraFiles.matrices(fixture, QuantisedModel.ALL)
          .forEach((name, w) ->
              SplitModules.of(LoraFiles.moduleOf(name), w.length)
                  .forEach((other, rows) -> {
                    String path =
                        prefix.startsWith("model")
                            ? other.replaceFirst("^language_model\\.model\\.", prefix)
                            : other.replaceFirst("^model\\.", "");
                    double[][] part =
                        Arrays.stream(rows).mapToObj(r -> w[r]).toArray(double[][]::new);
                    double[][] change = lora.module(path, part, 2);
                    double[][] all =
                        changes.computeIfAbsent(name, n -> new double[w.length][w[0].length]);
                    for (int i = 0; i < rows.length; i++) {
                      all[rows[i]] = change[i];
                    }
                  }));
      Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
      assertNear(
          reply(plain(fixture), options().withAdapter(adapter)),
          reply(changed(fixture, changes), options()));
    }
  }

  @Test
  void savedModulesStandInPlace() throws IOException {
    String fixture = "internvl2-1b";
    LoraFiles lora = new LoraFiles(RANK, 8);
    double[][] w = LoraFiles.matrices(fixture, QuantisedModel.ALL).get("mlp1.1.weight");
    double[][] other = LoraFiles.times(-0.5, w);
    float[] bias = new float[w.length];
    Arrays.fill(bias, 0.125f);
    lora.tensors()
        .floats("base_model.model.mlp1.1.weight", QuantisedModel.flat(other), w.length, w[0].length)
        .floats("base_model.model.mlp1.1.bias", bias, bias.length);
    Path adapter = lora.write(temp.resolve("adapter"), 8, "");
    RawTensors tensors = new RawTensors();
    Path expected =
        LoraFiles.model(
            fixture,
            temp.resolve("expected"),
            Pattern.compile("mlp1\\.1\\.weight"),
            SAME,
            (name, m) -> other,
            tensors);
    tensors.floats("mlp1.1.bias", bias, bias.length);
    Files.write(expected.resolve("model.safetensors"), tensors.toBytes());
    assertNear(reply(plain(fixture), options().withAdapter(adapter)), reply(expected, options()));
  }

  /// As OpenGVLab's training saves a model: under names of PEFT, new and old, factors beside.
  @ParameterizedTest
  @CsvSource({"internvl2-1b, true", "internvl2-2b, true", "internvl2-2b, false"})
  void aCheckpointThatWasNotMergedIsMerged(String fixture, boolean baseLayer) throws IOException {
    Pattern targets = QuantisedModel.BLOCKS;
    Pattern tower = Pattern.compile(".*\\.(?:qkv|attn\\.proj|fc1|fc2)\\.(?:weight|bias)");
    UnaryOperator<String> names =
        name -> {
          boolean target =
              targets.matcher(name.replace(".bias", ".weight")).matches()
                  || tower.matcher(name).matches();
          String infix =
              name.replaceFirst("^(language_model|vision_model)\\.", "$1.base_model.model.");
          return target && baseLayer
              ? infix.replaceFirst("\\.(weight|bias)$", ".base_layer.$1")
              : infix;
        };
    LoraFiles lora = new LoraFiles(RANK, 9);
    Map<String, double[][]> changes = new HashMap<>();
    LoraFiles.matrices(fixture, QuantisedModel.ALL)
        .forEach((name, w) -> {
          if (!name.startsWith("mlp1")) {
            String m =
                LoraFiles.moduleOf(name)
                    .replaceFirst("^(language_model|vision_model)\\.", "$1.base_model.model.");
            changes.put(
                name,
                lora.change(m + ".lora_A.default.weight", m + ".lora_B.default.weight", w, 2));
          }
        });
    Path unmerged =
        LoraFiles.model(
            fixture,
            temp.resolve("unmerged"),
            QuantisedModel.ALL,
            names,
            (n, w) -> w,
            lora.tensors());
    Path config = unmerged.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config).replace("\"use_llm_lora\": 0", "\"use_llm_lora\": " + RANK));
    Reply expected = reply(changed(fixture, changes), options());
    assertNear(reply(unmerged, options()), expected);
    OpenOptions fewer = options().withWeights(WeightFormat.Q8);
    double nmse = TensorAssert.nmse(reply(unmerged, fewer).prompt(), expected.prompt());
    assertThat(nmse).isLessThan(2e-3); // what q8 does to these toys: 2e-4 to 8e-4
  }

  private Set<Stage> stages(Path model, OpenOptions options, Reply expected) {
    Set<Stage> stages = EnumSet.noneOf(Stage.class);
    OpenOptions cached =
        options
            .withCache(new CachePolicy(true, 0, temp.resolve("user")))
            .withLoading((stage, done, total) -> stages.add(stage));
    Reply found = reply(model, cached);
    TensorAssert.assertSameBits("prompt", found.prompt(), expected.prompt());
    return stages;
  }

  /// Added to matrices, an adapter keeps out of the file of those that are prepared; beside them it
  /// shares it with the model alone.
  @Test
  void preparedMatricesAreNeverThoseOfAnotherAdapter() throws IOException {
    String fixture = "internvl2-2b";
    LoraFiles lora = new LoraFiles(RANK, 10);
    lora.everything(fixture, QuantisedModel.BLOCKS, 2);
    Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
    Path model = plain(fixture);
    for (WeightFormat format : List.of(WeightFormat.STORED, WeightFormat.Q8)) {
      OpenOptions alone = options().withWeights(format);
      OpenOptions one = alone.withAdapter(adapter);
      OpenOptions half = alone.withAdapter(adapter, 0.5);
      Reply[] expected = {reply(model, alone), reply(model, one), reply(model, half)};
      assertFar(expected[1], expected[0]);
      assertFar(expected[2], expected[1]);
      boolean merged = format == WeightFormat.STORED;
      assertThat(stages(model, one, expected[1])).containsExactly(Stage.PREPARING);
      assertThat(stages(model, alone, expected[0]))
          .containsExactly(merged ? Stage.PREPARING : Stage.CHECKING);
      assertThat(stages(model, half, expected[2]))
          .containsExactly(merged ? Stage.PREPARING : Stage.CHECKING);
      assertThat(stages(model, one, expected[1]))
          .containsExactly(merged ? Stage.PREPARING : Stage.CHECKING);
      assertThat(stages(model, alone, expected[0])).containsExactly(Stage.CHECKING);
    }
  }

  /// Conversations, several at once, guessed tokens.
  @Test
  void draftsAndBatchesGiveTheAnswersOfSingleSteps() throws IOException {
    LoraFiles lora = new LoraFiles(RANK, 11);
    lora.everything("internvl2-1b", QuantisedModel.BLOCKS, 2);
    Path adapter = lora.write(temp.resolve("adapter"), 2 * RANK, "");
    OpenOptions options = options().withWeights(WeightFormat.Q8).withAdapter(adapter);
    try (VisionLanguageModel model =
        VisionLanguageModel.open(Checkpoint.open(plain("internvl2-1b")), options)) {
      Generation generation = Generation.GREEDY.withMaxNewTokens(24);
      Question question = Question.of("red or blue red or blue");
      String plain = model.ask(question, generation, AnswerListener.NONE).text();
      assertThat(model.ask(question, generation.withLookup(7), AnswerListener.NONE).text())
          .isEqualTo(plain);
      assertThat(model.askAll(List.of(question, question), generation))
          .extracting(Answer::text)
          .containsExactly(plain, plain);
    }
  }
}
