package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Heads that were trained for a tower, with random weights, on a toy.
class HeadsTest {
  private static final String MODEL = Cli.fixture("internvl2-26b").toString();
  private static final int WIDTH = 80;

  @TempDir Path folder;

  private final Random random = new Random(3);
  private Path probe = Path.of("");

  private float[] random(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() + 0.1f;
    }
    return values;
  }

  private SafeTensorsWriter norm(SafeTensorsWriter writer, String path, int channels) {
    for (String name : List.of("weight", "bias", "running_mean", "running_var")) {
      writer.add(path + "." + name, random(channels), channels);
    }
    return writer;
  }

  @BeforeEach
  void writeProbe() throws IOException {
    SafeTensorsWriter writer = norm(new SafeTensorsWriter(), "norm", 2 * WIDTH);
    float[] weight = new float[3 * 2 * WIDTH];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian();
    }
    writer.add("head.weight", weight, 3, 2 * WIDTH).add("head.bias", random(3), 3);
    probe = Files.write(folder.resolve("probe.safetensors"), writer.toBytes());
  }

  private Path lines(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }

  private Cli.Result classify(String... more) {
    List<String> all = new java.util.ArrayList<>(List.of("classify", "-m", MODEL));
    all.addAll(List.of("--head", probe.toString(), Cli.sample("shapes.png")));
    all.addAll(List.of(more));
    return Cli.run(all.toArray(String[]::new));
  }

  @Test
  void classifyTellsTheClassesOfAProbe() throws IOException {
    Path names = lines("names.txt", "cat", "dog", "boat");
    Cli.Result told = classify("--classes", names.toString());
    assertThat(told.err()).isEmpty();
    assertThat(told.lines()).hasSize(4);
    assertThat(told.out()).contains("cat", "dog", "boat", " %  ");
    Cli.Result one = classify("--json", "--top", "1");
    assertThat(one.code()).isZero();
    Json first = Json.parse(one.out().getBytes(), "line").at("classes").items().getFirst();
    assertThat(first.at("class").asText()).isEqualTo("class " + first.at("index").asInt());
    assertThat(told.lines().get(1))
        .contains(List.of("cat", "dog", "boat").get(first.at("index").asInt()));
  }

  @Test
  void classifySaysWhatDoesNotGoWithAProbe() throws IOException {
    assertThat(classify("-c", "cat").err())
        .isEqualTo("internvl: -c goes with classes that are described in words, not with --head\n");
    assertThat(classify("--together").code()).isEqualTo(ExitCodes.USAGE);
    Cli.Result names = classify("--classes", lines("two.txt", "cat", "dog").toString());
    assertThat(names.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(names.err())
        .isEqualTo("internvl: --classes: has 2 names, but " + probe + " has 3 classes\n");
  }

  @Test
  void aPictureThatCannotBeReadIsToldAndLeftOut() throws IOException {
    Cli.Result result = classify(lines("bad.png", "no picture").toString());
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err()).contains("bad.png");
    assertThat(result.lines()).hasSize(4);
  }
}
