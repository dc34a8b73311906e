package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.testkit.QuantisedWriter;
import org.internvl4j.testkit.RawTensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The verbs that look at pictures, models and the machine.
class LookingTest {
  private static final String LARGE = Cli.sample("large.png");
  private static final String SHAPES = Cli.sample("shapes.png");

  @TempDir Path temp;

  @Test
  void tilesTellsTheCostAndWritesWhatTheModelSees() {
    Cli.Result tiles = Cli.run("tiles", LARGE, "-o", temp.toString());
    assertThat(tiles.out())
        .isEqualTo(LARGE + ": 896 x 896, grid 2 x 2, 5 tiles with thumbnail, 1280 tokens\n");
    List<Picture> expected =
        IntStream.range(0, 5)
            .mapToObj(i -> Tiling.of(448, 12).cut(Pictures.read(Path.of(LARGE))).picture(i))
            .toList();
    for (int i = 0; i < 5; i++) {
      assertThat(Pictures.read(temp.resolve("large-tile-0" + (i + 1) + ".png")))
          .isEqualTo(expected.get(i));
    }
  }

  @Test
  void tilesOfPicturesOfOneNameAreKeptApart() throws IOException {
    Path a = Files.createDirectories(temp.resolve("a")).resolve("x.png");
    Path b = Files.createDirectories(temp.resolve("b")).resolve("x.png");
    Files.copy(Path.of(SHAPES), a);
    Files.copy(Path.of(Cli.sample("number.png")), b);
    Path out = temp.resolve("out");
    Cli.run("tiles", a.toString(), b.toString(), "-o", out.toString());
    assertThat(Pictures.read(out.resolve("x-tile-01.png")))
        .isNotEqualTo(Pictures.read(out.resolve("x-2-tile-01.png")));
  }

  @Test
  void maxPixelsIsALimitThatCanBeMoved() {
    assertThat(Cli.run("tiles", "--max-pixels", "802816", LARGE).code()).isZero();
    assertThat(Cli.run("tiles", "--max-pixels", "802815", LARGE).code()).isEqualTo(ExitCodes.INPUT);
    assertThat(Cli.run("tiles", "--max-pixels", "1M", LARGE).code()).isZero();
  }

  @Test
  void tilesFollowsAModelAndALimit() {
    assertThat(Cli.run("tiles", "-m", "demo", "--max-tiles", "1", LARGE).out())
        .isEqualTo(LARGE + ": 896 x 896, grid 1 x 1, 1 tile, 16 tokens\n");
    Json line = json(Cli.run("tiles", "-m", "demo", "--json", LARGE).out());
    assertThat(line.getInt("tokens")).isEqualTo(80);
    assertThat(line.getInt("columns")).isEqualTo(2);
  }

  @Test
  void tokenizeLeavesControlTokensPlainUnlessAsked() {
    assertThat(Cli.run("tokenize", "-m", "demo", "--ids", "--special", "Hello<|im_end|>").out())
        .isEqualTo("798 990\n");
    Cli.Result plain = Cli.run("tokenize", "-m", "demo", "Hello<|im_end|>");
    assertThat(plain.lines().getFirst()).matches(" +798  Hello +\"Hello\"");
    assertThat(plain.out()).doesNotContain("990");
    Json line = json(Cli.withInput("Hello\n", "tokenize", "-m", "demo", "--json").out());
    assertThat(line.at("ids").items().getFirst().asInt()).isEqualTo(798);
    assertThat(line.at("pieces").items()).hasSameSizeAs(line.at("ids").items());
  }

  @Test
  void showNamesArchitectureSizesAndNeeds() {
    Cli.Result shown = Cli.run("show", "-m", "demo");
    assertThat(shown.code()).isZero();
    assertThat(shown.out())
        .contains("InternVLChatModel, Qwen2ForCausalLM")
        .contains("4 blocks, width 160, 5 heads, MLP 640")
        .contains("context         4,096 tokens")
        .contains("template        Hermes-2")
        .contains("bf16 10.1 MiB in 129 tensors")
        .contains("KV cache        2.5 KiB a token");
  }

  @Test
  void showGivesProgramsNumbers() {
    Json shown = json(Cli.run("show", "-m", "demo", "--json").out());
    assertThat(shown.at("model").asText()).isEqualTo("demo");
    assertThat(shown.at("tensors").asInt()).isEqualTo(129);
    assertThat(shown.at("context").asInt()).isEqualTo(4096);
    assertThat(shown.at("tokens_per_tile").asInt()).isEqualTo(16);
    assertThat(shown.at("bytes").asInt()).isEqualTo(2 * shown.at("parameters").asInt());
    assertThat(shown.at("vision").at("width").asInt()).isEqualTo(160);
    assertThat(shown.at("decoder").at("layers").asInt()).isPositive();
  }

  @Test
  void showTellsHowMatricesAreQuantised() throws IOException {
    Path source = Cli.fixture("internvl2-1b");
    String path = "language_model.model.layers.0.mlp.up_proj";
    RawTensors tensors = new RawTensors();
    double[][] zeros = new double[112][64];
    QuantisedWriter awq = new QuantisedWriter.Awq(16);
    awq.write(tensors, path, zeros);
    try (SafeTensors plain = SafeTensors.open(source.resolve("model.safetensors"))) {
      for (String name : plain.names()) {
        if (!name.equals(path + ".weight")) {
          long[] dims = plain.info(name).shape().stream().mapToLong(d -> d).toArray();
          long size = LongStream.of(dims).reduce(1, (a, b) -> a * b);
          tensors.halves(name, new float[(int) size], dims);
        }
      }
    }
    Files.write(temp.resolve("model.safetensors"), tensors.toBytes());
    String config = Files.readString(source.resolve("config.json"));
    String place = "\"llm_config\": {";
    Path file = temp.resolve("config.json");
    Files.writeString(
        file, config.replace(place, place + "\"quantization_config\": " + awq.config() + ","));
    Cli.Result shown = Cli.run("show", "-m", temp.toString());
    assertThat(shown.code()).isZero();
    assertThat(shown.out())
        .contains("quantisation    AWQ, 4 bits, groups of 16\n")
        .contains(" KiB as stored, "); // in bf16
    Json line = json(Cli.run("show", "-m", temp.toString(), "--json").out());
    assertThat(line.at("quantisation").asText()).isEqualTo("AWQ, 4 bits, groups of 16");
    Json whole = json(Cli.run("show", "-m", source.toString(), "--json").out());
    assertThat(line.getInt("parameters")).isEqualTo(whole.getInt("parameters"));

    String other = awq.config().replace("awq", "hqq");
    Files.writeString(
        file, config.replace(place, place + "\"quantization_config\": " + other + ","));
    Cli.Result refused = Cli.run("show", "-m", temp.toString());
    assertThat(refused.code()).isEqualTo(ExitCodes.UNSUPPORTED);
    assertThat(refused.err())
        .contains(
            "cannot run here: config.json: quantization_config quant_method hqq is not supported;")
        .hasLineCount(1);
  }

  @Test
  void showTellsWhatItKnowsOfAModelThatCannotRun() throws IOException {
    Path source = Cli.fixture("internvl2-1b");
    Files.copy(source.resolve("model.safetensors"), temp.resolve("model.safetensors"));
    String config = Files.readString(source.resolve("config.json"));
    Files.writeString(
        temp.resolve("config.json"), config.replace("InternVLChatModel", "UnheardOfModel"));
    Cli.Result layout = Cli.run("show", "-m", temp.toString());
    assertThat(layout.code()).isEqualTo(ExitCodes.UNSUPPORTED);
    assertThat(layout.out()).contains("architecture    UnheardOfModel\n").contains("parameters ");
    assertThat(layout.err())
        .contains("cannot run here: config.json: architecture UnheardOfModel")
        .hasLineCount(1);
    Files.writeString(
        temp.resolve("config.json"),
        config.replaceAll("\"template\": *\"[^\"]*\"", "\"template\": \"unheard-of\""));
    Cli.Result template = Cli.run("show", "-m", temp.toString());
    assertThat(template.code()).isEqualTo(ExitCodes.UNSUPPORTED);
    assertThat(template.out()).contains("parameters ");
    assertThat(template.err()).contains("template 'unheard-of' is not supported").hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "internvl2-2b, chat, InternLM2ForCausalLM",
    "internvl3-1b-hf, chat, Qwen2ForCausalLM",
    "internvl3_5-1b, chat, Qwen3ForCausalLM",
    "internvl-14b-224px, retrieval and captions, LlamaForCausalLM"
  })
  void showTellsWhatEveryKindOfModelIsFor(String fixture, String purpose, String decoder) {
    Cli.Result shown = Cli.run("show", "-m", Cli.fixture(fixture).toString());
    assertThat(shown.code()).isZero();
    assertThat(shown.out())
        .contains("for             " + purpose + "\n")
        .contains(decoder)
        .contains(" in q8, ")
        .contains("vision tower    InternViT, ");
    Json json = json(Cli.run("show", "-m", Cli.fixture(fixture).toString(), "--json").out());
    assertThat(json.at("for").asText()).isEqualTo(purpose);
    Json memory = json.at("memory_bytes");
    assertThat(memory.at("q4").asLong()).isLessThan(memory.at("q8").asLong());
    assertThat(memory.at("q8").asLong()).isLessThan(memory.at("stored").asLong());
  }

  @Test
  void showNamesAWeightThatIsNotThere() throws IOException {
    Path source = Cli.fixture("internvl2-1b");
    Files.copy(source.resolve("model.safetensors"), temp.resolve("model.safetensors"));
    Files.writeString(
        temp.resolve("config.json"),
        Files.readString(source.resolve("config.json"))
            .replaceFirst("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
    Cli.Result shown = Cli.run("show", "-m", temp.toString());
    assertThat(shown.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(shown.err()).contains("layers.2.").contains("not in this checkpoint");
  }

  @Test
  void coloursAreForTerminalsThatWantThem() {
    Map<String, String> terminal = Map.of("TERM", "xterm");
    String[] show = {"show", "-m", "demo"};
    assertThat(Cli.onTerminal(terminal, show).out()).startsWith("\u001b[1mmodel ");
    assertThat(Cli.run(show).out()).startsWith("model ");
    assertThat(Cli.onTerminal(terminal, "show", "-m", "demo", "--no-color").out())
        .isEqualTo(Cli.run(show).out());
    assertThat(Cli.onTerminal(Map.of("TERM", "xterm", "NO_COLOR", "1"), show).out())
        .isEqualTo(Cli.run(show).out());
  }

  @Test
  void embedWritesATensorAPicture() {
    Path file = temp.resolve("features.safetensors");
    Cli.Result embedded =
        Cli.run("embed", "-m", "demo", SHAPES, LARGE, SHAPES, "-o", file.toString());
    assertThat(embedded).isEqualTo(new Cli.Result(0, "", ""));
    try (SafeTensors features = SafeTensors.open(file)) {
      assertThat(features.names()).containsExactlyInAnyOrder(SHAPES, LARGE, SHAPES + "#2");
      assertThat(features.info(LARGE).shape()).containsExactly(1L, 65L, 160L);
      assertThat(features.bytes(SHAPES).mismatch(features.bytes(SHAPES + "#2"))).isEqualTo(-1);
      assertThat(features.bytes(SHAPES).mismatch(features.bytes(LARGE))).isNotEqualTo(-1);
    }
  }

  @Test
  void embedWritesTheClassTokenAsJson() {
    Path file = temp.resolve("tower.safetensors");
    Cli.run("embed", "-m", "demo", SHAPES, "-o", file.toString());
    Json line = json(Cli.run("embed", "-m", "demo", "--what", "class", SHAPES).out());
    assertThat(line.at("shape").toString()).isEqualTo("[1,160]");
    try (SafeTensors tower = SafeTensors.open(file)) {
      List<Json> values = line.at("values").items();
      assertThat(values).hasSize(160);
      for (int i = 0; i < 160; i++) {
        float expected = tower.bytes(SHAPES).getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
        assertThat((float) values.get(i).asDouble()).isEqualTo(expected);
      }
    }
  }

  @Test
  void embedGivesTheTokensThatTheDecoderSees() {
    Json line = json(Cli.run("embed", "-m", "demo", "--what", "tokens", LARGE).out());
    assertThat(line.at("shape").toString()).isEqualTo("[5,16,192]");
  }

  @Test
  void verifyPassesOnAFixtureAndTellsEachComparison() {
    String folder = Cli.fixture("internvl2-1b").toString();
    Cli.Result verified = Cli.run("verify", "-m", folder);
    assertThat(verified.out()).doesNotContain("FAILED");
    assertThat(verified.code()).isZero();
    assertThat(verified.lines()).hasSizeGreaterThan(10).allMatch(line -> line.startsWith("ok "));
    assertThat(verified.err()).contains(verified.lines().size() + " comparisons, 0 failed");
  }

  @Test
  void verifyFailsOnAWrongAnswer() throws Exception {
    Files.copy(Path.of(SHAPES), temp.resolve("shapes.png"));
    Path eval = temp.resolve("eval.json");
    Files.writeString(
        eval,
        """
        {"max_new_tokens": 32, "cases": [{"images": ["shapes.png"], "max_num": 1, "turns": [
          {"question": "<image>\\nWhat color is the diamond?",
           "truth": "The diamond is green.", "reference_answer": "The diamond is red."}]}]}
        """);
    Cli.Result verified = Cli.run("verify", "-m", "demo", "--eval", eval.toString());
    assertThat(verified.code()).isEqualTo(ExitCodes.FAILED);
    assertThat(verified.out())
        .startsWith("FAILED eval: 0 of 1 answers equal the reference's, 1 are right");
    Json line = json(Cli.run("verify", "-m", "demo", "--json", "--eval", eval.toString()).out());
    assertThat(line.getBoolean("passed", true)).isFalse();
  }

  @Test
  void doctorTellsWhatIsThere() {
    Cli.Result doctor = Cli.run("doctor");
    assertThat(doctor.code()).isZero();
    assertThat(doctor.out())
        .contains("java               " + Runtime.version())
        .contains("vector api         enabled")
        .contains("device cpu")
        .contains("device reference");
    if (doctor.out().contains("machine code")) {
      assertThat(doctor.out()).contains("a thread's products are right; ");
    }
  }

  /// Tests run one after another in this process, so nobody else sees the property.
  @Test
  void doctorShowsTheOtherDevicesWhereOneFails() {
    String bits = "internvl4j.vector.bits";
    String before = System.getProperty(bits);
    System.setProperty(bits, "77");
    try {
      Cli.Result doctor = Cli.run("doctor");
      assertThat(doctor.code()).isZero();
      assertThat(doctor.out())
          .containsPattern("device cpu +not usable\\R +→ cpu: internvl4j.vector.bits is 77, ")
          .containsPattern("device reference +reference");
    } finally {
      if (before == null) {
        System.clearProperty(bits);
      } else {
        System.setProperty(bits, before);
      }
    }
  }

  @Test
  void helpIsThereForEveryVerb() {
    for (String verb :
        List.of(
            "demo",
            "chat",
            "describe",
            "ask",
            "embed",
            "tiles",
            "tokenize",
            "show",
            "verify",
            "doctor")) {
      Cli.Result help = Cli.run(verb, "--help");
      assertThat(help.code()).isZero();
      assertThat(help.out()).startsWith("Usage: internvl " + verb);
      assertThat(Cli.run("--help").out()).contains("\n  " + verb + " ");
    }
    assertThat(Cli.run("help").out()).isEqualTo(Cli.run("--help").out());
    assertThat(Cli.run("help", "ask").out()).isEqualTo(Cli.run("ask", "--help").out());
    assertThat(Cli.run("--version").out()).contains("Java " + Runtime.version());
  }

  private static Json json(String line) {
    assertThat(line).hasLineCount(1);
    return Json.parse(line.getBytes(StandardCharsets.UTF_8), "line");
  }
}
