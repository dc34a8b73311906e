package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.internvl4j.kernels.cuda.StandIn;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.OnnxCase;
import org.internvl4j.testkit.TensorAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The ONNX operator conformance suite on every device, as far as the kernels' contracts go; what
/// lies outside them, and why, is declared here and listed in `docs/ONNX-CASES.md`.
final class OnnxCasesTest {
  private static final List<OnnxCase> CASES = OnnxCase.all();

  /// Why a case is outside our contracts.
  private record Outside(String op, String reason, int count, Predicate<OnnxCase> holds) {}

  /// The first that holds counts.
  private static final List<Outside> OUTSIDE =
      List.of(
          new Outside(
              "Attention",
              "masks are none or causal, never a tensor of scores or truths",
              46,
              c -> c.has(3)),
          new Outside(
              "Attention",
              "keys and values of a head are equally wide",
              9,
              c -> c.name().contains("diff_heads") || c.name().endsWith("3d_local_window")),
          new Outside("Attention", "scores are not capped", 4, c -> c.number("softcap", 0) != 0),
          new Outside(
              "Attention",
              "there is no sliding window",
              3,
              c -> c.integer("left_window_size", -1) >= 0),
          new Outside(
              "Attention", "every query sees a key", 1, c -> c.name().endsWith("structural_empty")),
          new Outside(
              "Conv", "a convolution's stride is its kernel size, without padding", 6, c -> true),
          new Outside(
              "Gelu",
              "gelu is the exact form, not the one by tanh",
              2,
              c -> c.text("approximate", "none").equals("tanh")),
          new Outside(
              "RotaryEmbedding",
              "pairs lie half a head apart, not side by side",
              3,
              c -> c.integer("interleaved", 0) == 1),
          new Outside(
              "SpaceToDepth",
              "the four cells are the outer part of the channels, not the inner",
              1,
              c -> c.text("mode", "DCR").equals("CRD")));

  private static @Nullable Outside outside(OnnxCase c) {
    return OUTSIDE.stream()
        .filter(o -> o.op().equals(c.op()) && o.holds().test(c))
        .findFirst()
        .orElse(null);
  }

  @Test
  void asManyCasesAreInsideAndOutsideAsDeclared() {
    assertThat(CASES).hasSize(167);
    for (Outside o : OUTSIDE) {
      assertThat(CASES.stream().filter(c -> o.equals(outside(c))))
          .as(o.reason())
          .hasSize(o.count());
    }
    assertThat(CASES.stream().filter(c -> outside(c) == null)).hasSize(92);
  }

  @TestFactory
  Stream<DynamicContainer> everyDeviceAgreesWithTheSuite() {
    return Stream.of("reference", "cpu")
        .map(name -> DynamicContainer.dynamicContainer(name, cases(Devices.open(name, 2))));
  }

  @TestFactory
  Stream<DynamicTest> cudaAgreesWithTheSuiteInF32() {
    return cases(StandIn.open(true));
  }

  private static Stream<DynamicTest> cases(Device device) {
    SafeTensors file = SafeTensors.open(Fixtures.folder("onnx").resolve("cases.safetensors"));
    return CASES.stream()
        .filter(c -> outside(c) == null)
        .map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c, file, device)))
        .onClose(() -> {
          file.close();
          device.close();
        });
  }

  private static void check(OnnxCase c, SafeTensors file, Device device) {
    try (Workspace step = new Workspace(device, c.name())) {
      float[] actual = new OnnxOperators(c, file, step).run().toFloats();
      float[] expected = file.tensor(c.name() + "/" + c.outputs().getFirst(), device).toFloats();
      TensorAssert.assertClose(c.name(), actual, expected, OnnxOperators.tolerance(c));
    }
  }

  @Test
  void theTableInTheDocumentationIsThisOne() throws IOException {
    Path page = Fixtures.home().resolve("docs/ONNX-CASES.md");
    if ("write".equals(System.getProperty("internvl4j.docs"))) {
      Files.writeString(page, table());
    }
    assertThat(Files.readString(page)).isEqualTo(table());
  }

  private static String table() {
    Map<String, Long> inside =
        CASES.stream()
            .filter(c -> outside(c) == null)
            .collect(Collectors.groupingBy(OnnxCase::op, TreeMap::new, Collectors.counting()));
    StringBuilder text =
        new StringBuilder(
            """
            # ONNX operator cases

            The ONNX operator conformance suite has 167 cases for operators that our kernels resemble. `OnnxCasesTest`
            runs those that lie inside a kernel's contract on the `reference`, the `cpu` and, emulated, the `cuda` device, and
            compares the first output. It also checks the counts, and this page, which `-Dinternvl4j.docs=write` writes.

            ## Inside

            | operator | cases |
            |---|---|
            """);
    inside.forEach((op, n) -> text.append("| %s | %d |\n".formatted(op, n)));
    text.append("\n## Outside\n\n| operator | because | cases |\n|---|---|---|\n");
    for (Outside o : OUTSIDE) {
      List<String> names =
          CASES.stream()
              .filter(c -> o.equals(outside(c)))
              .map(c -> "`" + c.name().substring("test_".length()) + "`")
              .toList();
      text.append(
          "| %s | %s | %d: %s |\n"
              .formatted(o.op(), o.reason(), names.size(), String.join(", ", names)));
    }
    return text.toString();
  }
}
