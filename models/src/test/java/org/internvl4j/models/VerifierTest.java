package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Verifier.Check;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every fixture against the reference's own numbers, and proof that a wrong number is noticed.
class VerifierTest {
  private static final OpenOptions WHOLE = OpenOptions.DEFAULT.withDevice("cpu").withWholeTower();

  static List<String> fixtures() {
    return Fixtures.MODELS;
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void equalsTheReference(String fixture) {
    assertThat(checks(fixture))
        .hasSizeGreaterThan(8)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  private static List<Check> checks(String fixture) {
    List<Check> checks = new ArrayList<>();
    try (VisionLanguageModel model = open(fixture, WHOLE);
        SafeTensors golden = SafeTensors.open(folder(fixture).resolve("golden.safetensors"))) {
      Verifier verifier = new Verifier(model, checks::add);
      Json cases = Fixtures.cases(fixture);
      verifier.golden(golden, cases);
      if (cases != null) {
        verifier.cases(cases, golden);
      }
    }
    return checks;
  }

  @ParameterizedTest
  @ValueSource(strings = {"internvl2-1b", "internvl-chat-v1-1"})
  void theReferenceDeviceEqualsTheReferenceToo(String fixture) {
    List<Check> checks = new ArrayList<>();
    try (VisionLanguageModel model = open(fixture, WHOLE.withDevice("reference"));
        SafeTensors golden = SafeTensors.open(folder(fixture).resolve("golden.safetensors"))) {
      new Verifier(model, checks::add).golden(golden);
    }
    assertThat(checks)
        .hasSizeGreaterThan(10)
        .allSatisfy(c -> assertThat(c.passed()).as("%s", c).isTrue());
  }

  /// In a process of its own, since a process computes in one way.
  @Test
  void isNearTheReferenceWithActivationsRoundedToBf16() throws Exception {
    Assumptions.assumeTrue(Emitted.hasBf16(), "no bf16 here");
    Process rounding =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-Dinternvl4j.home=" + System.getProperty("internvl4j.home"),
                "-Dinternvl4j.activations=bf16",
                "-cp",
                System.getProperty("java.class.path"),
                Rounding.class.getName())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = rounding.inputReader()) {
      assertThat(out.lines().filter(line -> !line.startsWith("WARNING")))
          .containsExactlyElementsOf(fixtures());
    }
    assertThat(rounding.waitFor()).isZero();
  }

  /// Tells the fixtures that are near the reference, and what is not.
  static final class Rounding {
    private Rounding() {}

    public static void main(String[] args) {
      for (String fixture : fixtures()) {
        List<Check> checks = checks(fixture);
        checks.stream().filter(c -> !c.passed()).forEach(System.out::println);
        System.out.println(fixture);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"internvl2-2b, 0", "internvl-chat-v1-1, 1"})
  void noticesEveryWrongNumber(String fixture, int place, @TempDir Path temp) throws Exception {
    try (VisionLanguageModel model = open(fixture, WHOLE);
        SafeTensors golden = SafeTensors.open(folder(fixture).resolve("golden.safetensors"))) {
      TreeMap<String, List<Check>> failures = new TreeMap<>();
      for (String name : golden.names()) {
        if (name.equals("pixel_values")) {
          continue;
        }
        Path file = temp.resolve("golden.safetensors");
        tampered(golden, name, place, model).write(file);
        List<Check> failed = new ArrayList<>();
        try (SafeTensors wrong = SafeTensors.open(file)) {
          new Verifier(model, c -> failed.addAll(c.passed() ? List.of() : List.of(c)))
              .golden(wrong);
        }
        failures.put(name, failed);
      }
      assertThat(failures).hasSizeGreaterThan(10);
      failures.forEach((name, failed) -> assertThat(failed).as(name).isNotEmpty());
    }
  }

  /// The golden file with one number of one tensor changed: by 1e-3 of its RMS, or an id by one.
  private static SafeTensorsWriter tampered(
      SafeTensors golden, String wrong, int place, VisionLanguageModel model) {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (String name : golden.names()) {
      Tensor tensor = golden.tensor(name, model.device());
      float[] values = tensor.toFloats();
      int at = place == 0 ? 0 : values.length - 1;
      if (tensor.dtype() == DType.F32) {
        if (name.equals(wrong)) {
          values[at] += (float) (1e-3 * rms(values));
        }
        writer.add(name, values, tensor.shape().toArray());
      } else {
        long[] ids = new long[values.length];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = (long) values[i] + (name.equals(wrong) && i == at ? 1 : 0);
        }
        writer.add(name, ids, tensor.shape().toArray());
      }
    }
    return writer;
  }

  private static double rms(float[] values) {
    double square = 0;
    for (float v : values) {
      square += (double) v * v;
    }
    return Math.sqrt(square / values.length);
  }

  @Test
  void noticesAWrongCase() {
    String fixture = "internvl2-1b";
    List<Check> checks = new ArrayList<>();
    try (VisionLanguageModel model = open(fixture, WHOLE);
        SafeTensors golden = SafeTensors.open(folder(fixture).resolve("golden.safetensors"))) {
      String wrong =
          """
          {"tokenize": [{"text": "a", "ids": [0], "decoded": "b", "decoded_with_special": "b"}],
           "template": [{"turns": [["Hi", null]], "prompt": "Hi", "ids": [1]}],
           "chat": [{"tiles_per_image": [], "turns": [["Hi", "no"]], "max_new_tokens": 2}],
           "batch_chat": {"tiles_per_image": [1], "questions": ["Hi"], "answers": ["no"], "max_new_tokens": 2}}
          """;
      new Verifier(model, checks::add)
          .cases(Json.parse(wrong.getBytes(java.nio.charset.StandardCharsets.UTF_8), "w"), golden);
    }
    assertThat(checks).hasSize(7).noneMatch(Check::passed);
  }

  @Test
  void saysThatAGoldenFileIsOfAnotherCheckpoint() {
    try (VisionLanguageModel model = open("internvl2-1b", WHOLE);
        SafeTensors golden =
            SafeTensors.open(folder("internvl2-2b").resolve("golden.safetensors"))) {
      Verifier verifier = new Verifier(model, c -> {});
      assertThatThrownBy(() -> verifier.golden(golden))
          .isInstanceOf(CheckpointException.class)
          .hasMessageEndingWith("the file is of another checkpoint");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{}; w is",
        "{\"chat\": [{\"tiles_per_image\": [99], \"turns\": [], \"max_new_tokens\": 1}]}; w: chat[0].tiles_per_image is a list of 1, expected counts",
        "{\"batch_chat\": {\"tiles_per_image\": [1], \"questions\": [\"Hi\"], \"answers\": [], \"max_new_tokens\": 1}}; w: batch_chat.questions is a list of 1, expected as many as answers, 0",
      })
  void refusesCasesThatProveNothing(String cases, String message) {
    try (VisionLanguageModel model = open("internvl2-1b", WHOLE);
        SafeTensors golden =
            SafeTensors.open(folder("internvl2-1b").resolve("golden.safetensors"))) {
      Verifier verifier = new Verifier(model, c -> {});
      Json json = Json.parse(cases.getBytes(java.nio.charset.StandardCharsets.UTF_8), "w");
      assertThatThrownBy(() -> verifier.cases(json, golden))
          .isInstanceOf(CheckpointException.class)
          .hasMessageContaining(
              message.replace("w is", "expected at least one of prompt, tokenize"));
      Json empty =
          Json.parse(
              "{\"max_new_tokens\": 1, \"cases\": []}"
                  .getBytes(java.nio.charset.StandardCharsets.UTF_8),
              "w");
      assertThatThrownBy(() -> verifier.eval(empty, name -> null))
          .isInstanceOf(CheckpointException.class)
          .hasMessage("w: cases is a list of 0, expected at least one dialogue");
    }
  }

  private static VisionLanguageModel open(String fixture, OpenOptions options) {
    return VisionLanguageModel.open(Checkpoint.open(folder(fixture)), options);
  }

  private static Path folder(String fixture) {
    return Fixtures.folder(fixture);
  }
}
