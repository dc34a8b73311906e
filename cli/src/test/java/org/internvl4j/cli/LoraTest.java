package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.internvl4j.loader.json.Json;
import org.internvl4j.testkit.RawTensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters on the command line.
class LoraTest {
  private static final String MODULE =
      "base_model.model.model.language_model.layers.0.mlp.down_proj";
  private static final String MODEL = Cli.fixture("internvl2-1b").toString();

  @TempDir private Path temp;

  private String adapter(String name, String more) throws IOException {
    Path folder = Files.createDirectories(temp.resolve(name));
    float[] a = new float[4 * 112];
    float[] b = new float[64 * 4];
    Random random = new Random(1);
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < b.length; i++) {
      b[i] = (float) random.nextGaussian();
    }
    Files.write(
        folder.resolve("adapter_model.safetensors"),
        new RawTensors()
            .floats(MODULE + ".lora_A.weight", a, 4, 112)
            .floats(MODULE + ".lora_B.weight", b, 64, 4)
            .toBytes());
    Files.writeString(
        folder.resolve("adapter_config.json"), "{\"r\": 4, \"lora_alpha\": 8" + more + "}");
    return folder.toString();
  }

  private static String answer(String... lora) {
    String[] arguments = {"ask", "-m", MODEL, "-p", "red or blue", "--max-tokens", "8", "-q"};
    String[] all = new String[arguments.length + lora.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(lora, 0, all, arguments.length, lora.length);
    Cli.Result result = Cli.run(all);
    assertThat(result.code()).as(result.err()).isZero();
    return result.out();
  }

  @Test
  void adaptersChangeAnswersByTheirWeights() throws IOException {
    String style = adapter("style", "");
    String plain = answer();
    assertThat(answer("--lora", style)).isNotEqualTo(plain);
    assertThat(answer("--lora", style + "=0")).isEqualTo(plain);
    assertThat(answer("--lora", style + "=0.5", "--lora", style + "=-0.5", "--weights", "q8"))
        .isEqualTo(answer("--weights", "q8"));
    String odd = adapter("odd=2", "");
    assertThat(answer("--lora", odd)).isEqualTo(answer("--lora", style + "=1"));
  }

  @Test
  void aBatchIsBoundToWhatIsInThem() throws IOException {
    String style = adapter("style", "");
    Path pictures = Files.createDirectories(temp.resolve("pictures"));
    Files.copy(Path.of(Cli.sample("shapes.png")), pictures.resolve("a.png"));
    String[] batch = {
      "batch",
      pictures.toString(),
      "-m",
      MODEL,
      "--lora",
      style,
      "-p",
      "x",
      "--max-tokens",
      "1",
      "-o",
      temp.resolve("out.jsonl").toString(),
      "--max-tiles",
      "1"
    };
    Cli.Result made = Cli.run(batch);
    assertThat(made.code()).as(made.err()).isZero();
    assertThat(Cli.run(batch).err()).contains("is complete already");
    Files.writeString(
        Path.of(style, "adapter_config.json"), "{\"r\": 4, \"lora_alpha\": 16}"); // twice as much
    Cli.Result other = Cli.run(batch);
    assertThat(other.err()).contains("was begun with adapters_sha256 \"");
    assertThat(other.code()).isEqualTo(ExitCodes.INPUT);
  }

  @Test
  void showTellsOfThem() throws IOException {
    String style = adapter("style", "");
    Cli.Result shown = Cli.run("show", "-m", MODEL, "--lora", style, "--lora", style + "=0.5");
    assertThat(shown.code()).as(shown.err()).isZero();
    assertThat(shown.out())
        .contains("adapters        style, rank 4, 1 matrix; style, rank 4, 1 matrix, weight 0.5\n");
    Json line =
        Json.parse(
            Cli.run("show", "-m", MODEL, "--lora", style, "--json")
                .out()
                .getBytes(StandardCharsets.UTF_8),
            "line");
    assertThat(line.at("adapters").items()).hasSize(1);
  }

  @Test
  void refusalsHaveTheCodesOfOthers() throws IOException {
    String style = adapter("style", "");
    refused(ExitCodes.USAGE, style + "=much", "--lora is " + style + "=much, expected DIR or");
    refused(ExitCodes.USAGE, style + "=NaN", "--lora is " + style + "=NaN, expected DIR or");
    refused(ExitCodes.INPUT, temp + "/none", temp + "/none: no such folder");
    refused(
        ExitCodes.UNSUPPORTED,
        adapter("dora", ", \"use_dora\": true"),
        "dora/adapter_config.json: use_dora true is not supported; supported is plain LoRA");
  }

  private static void refused(int code, String lora, String sentence) {
    Cli.Result result = Cli.run("ask", "-m", MODEL, "-p", "x", "--lora", lora);
    assertThat(result.code()).as(result.err()).isEqualTo(code);
    assertThat(result.err()).contains(sentence).doesNotContain("Exception");
    assertThat(result.out()).isEmpty();
  }
}
