package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.CpuTier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CpuDeviceTest {
  private static final String BELOW = "internvl4j.plain.below";
  private static final String KERNELS = "internvl4j.kernels";
  private static final String ACTIVATIONS = "internvl4j.activations";

  @Test
  void autoTakesIt() {
    try (Device device = Devices.open("auto", 1)) {
      assertThat(device.name()).isEqualTo("cpu");
      assertThat(device.description())
          .matches(
              Tier.chosen() == Tier.SCALAR
                  ? "cpu: plain loops, 1 thread"
                  : "cpu: Vector API, " + Lanes.WIDEST + " bits(, AVX.* machine code)?, 1 thread");
      assertThat(device.activations()).isEqualTo(DType.F32);
      assertThat(device.multiplied()).isEqualTo(DType.F32);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 77, -1})
  void aWidthThatNoKernelHasIsRefused(int bits) {
    assertThatThrownBy(() -> new CpuTier(bits).openAfresh(1))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "cpu: internvl4j.vector.bits is "
                + bits
                + ", expected 0 (plain loops), 128, 256 or 512");
  }

  @Test
  void autoTakesPlainLoopsForToysUnlessAskedForOthers() {
    Map<String, String> before = new HashMap<>();
    for (String name : List.of(BELOW, KERNELS, ACTIVATIONS)) {
      before.put(name, System.getProperty(name, ""));
      System.clearProperty(name);
    }
    try {
      assertThat(described("auto", 16 << 20)).startsWith("cpu: ");
      assertThat(described("auto", (16 << 20) - 1)).isEqualTo("plain: plain loops, 1 thread");
      assertThat(described("cpu", 1)).startsWith("cpu: ");
      assertThat(described("plain", Long.MAX_VALUE)).startsWith("plain: ");
      System.setProperty(KERNELS, "vector");
      assertThat(described("auto", 0)).startsWith("cpu: ");
      System.setProperty(KERNELS, "auto");
      assertThat(described("auto", 0)).startsWith("plain: ");
      System.setProperty(ACTIVATIONS, "bf16"); // which not every processor multiplies
      assertThat(new PlainProvider().preference(0)).isNegative();
      System.clearProperty(ACTIVATIONS);
      System.setProperty(BELOW, "0");
      assertThat(described("auto", 0)).startsWith("cpu: ");
    } finally {
      before.forEach(CpuDeviceTest::restore);
    }
  }

  private static void restore(String name, String value) {
    if (value.isEmpty()) {
      System.clearProperty(name);
    } else {
      System.setProperty(name, value);
    }
  }

  private static String described(String name, long weights) {
    try (Device device = Devices.open(name, 1, weights)) {
      return device.description();
    }
  }

  @Test
  void zeroThreadsMeansOneACore() {
    try (Device device = Devices.open("cpu", 0)) {
      int cores = Runtime.getRuntime().availableProcessors();
      assertThat(device.description()).contains(", " + cores + " thread");
    }
  }

  @Test
  void refusesAnImpossibleNumberOfThreads() {
    assertThatThrownBy(() -> Devices.open("cpu", -1))
        .isInstanceOf(DeviceException.class)
        .hasMessage("cpu: threads is -1, expected 0 (one a core) to 1024");
  }

  @Test
  void packsMatricesKeepsTablesAndWidensVectors() {
    try (Device device = Devices.open("cpu", 1);
        Workspace model = new Workspace(device, "model")) {
      Tensor half = model.allocate(DType.BF16, 2, 3).copyFrom(model.of(new float[6], 2, 3));
      assertThat(device.prepare(half, Role.MATRIX, model).isPacked()).isTrue();
      assertThat(device.prepare(half, Role.MATRIX, DType.Q4, model)).hasToString("[2, 3] q4");
      assertThat(device.prepare(half, Role.TABLE, model)).isSameAs(half);
      assertThat(device.prepare(half, Role.VECTOR, model).dtype()).isEqualTo(DType.F32);
      Tensor full = model.of(new float[] {1, 2}, 2);
      assertThat(device.prepare(full, Role.VECTOR, model)).isSameAs(full);
    }
  }

  @Test
  void refusesAMatrixThatWasNotPrepared() {
    try (Device device = Devices.open("cpu", 1);
        Workspace step = new Workspace(device, "step")) {
      Tensor x = step.of(new float[6], 2, 3);
      assertThatThrownBy(() -> x.matMul(x, null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("matMul: weight [2, 3] f32 was not prepared as a matrix of this device");
    }
  }

  @Test
  void refusesActivationsOfAnotherDType() {
    try (Device device = Devices.open("cpu", 1);
        Workspace step = new Workspace(device, "step")) {
      Tensor x = step.allocate(DType.BF16, 2, 3);
      assertThatThrownBy(x::gelu)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "gelu: got [2, 3] bf16, the cpu computes on f32 activations; copyFrom converts");
    }
  }

  @Test
  void gatherNamesTheIdThatIsOutside() {
    try (Device device = Devices.open("cpu", 1);
        Workspace step = new Workspace(device, "step")) {
      Tensor table = step.of(new float[6], 3, 2);
      Tensor ids = step.of(new int[] {0, 3}, 2);
      assertThatThrownBy(() -> ids.gather(table))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("gather: id 3 is outside [3, 2] f32 (position 1)");
    }
  }

  @Test
  void aClosedDeviceSaysSo() {
    Device device = Devices.open("cpu", 2);
    Workspace step = new Workspace(device, "step");
    Tensor x = step.of(new float[] {1}, 1);
    device.close();
    assertThatThrownBy(x::gelu)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("cpu: the device is closed");
    step.close();
  }

  /// Run in a Java of its own, without the module.
  static final class Probe {
    private Probe() {}

    public static void main(String[] args) {
      for (int i = 0; i < 2; i++) {
        try (Device device = Devices.open("auto", 2);
            Workspace step = new Workspace(device, "step")) {
          float y =
              step.of(new float[] {3}, 1, 1)
                  .matMul(device.prepare(step.of(new float[] {2}, 1, 1), Role.MATRIX, step), null)
                  .toFloats()[0];
          System.out.println(device.description() + " says " + y);
        }
      }
    }
  }

  private static String probe(String... flags) throws IOException, InterruptedException {
    return probe(0, flags);
  }

  private static String probe(int code, String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(code);
    return output;
  }

  @Test
  void withoutTheModuleItWarnsOnceAndComputesAnyway() throws IOException, InterruptedException {
    assertThat(probe())
        .containsOnlyOnce(
            "cpu: the Vector API is not enabled; start java with --add-modules"
                + " jdk.incubator.vector")
        .contains("cpu: plain loops, 2 threads says 6.0");
  }

  @Test
  void withoutTheModuleMachineCodeIsRefused() throws IOException, InterruptedException {
    assertThat(probe(1, "-Dinternvl4j.kernels=emitted"))
        .contains("cpu: machine code cannot be run: it computes beside the Vector API; start java");
    assertThat(probe(1, "-Dinternvl4j.kernels=sse"))
        .contains("cpu: internvl4j.kernels is sse, expected auto, emitted, vector or scalar");
  }

  private static final String VECTOR = "--add-modules=jdk.incubator.vector";
  private static final String NATIVE = "--enable-native-access=ALL-UNNAMED";
  private static final String DECLINED =
      "cpu: the Vector API computes, machine code cannot be run: ";

  @Test
  void whereNativeCodeMayNotBeCalledItSaysSoOnceAndComputesAnyway() throws Exception {
    Assumptions.assumeTrue(Emitted.isForThisSystem(), "no machine code for this system");
    assertThat(probe(VECTOR, "-Dinternvl4j.plain.below=0"))
        .containsOnlyOnce(DECLINED + "start java with --enable-native-access=ALL-UNNAMED")
        .contains("cpu: Vector API, " + Lanes.WIDEST + " bits, 2 threads says 6.0");
  }

  @Test
  void whereWhatWasWrittenMayNotBeExecutedItSaysSoOnceAndComputesAnyway() throws Exception {
    Assumptions.assumeTrue(Emitted.isForThisSystem(), "no machine code for this system");
    String refused = "-Dinternvl4j.code.refused=true";
    assertThat(probe(VECTOR, NATIVE, refused, "-Dinternvl4j.plain.below=0"))
        .containsOnlyOnce(DECLINED + "the system lets no memory be executed that was written")
        .contains("cpu: Vector API, " + Lanes.WIDEST + " bits, 2 threads says 6.0");
  }

  @ParameterizedTest
  @CsvSource({"emitted, machine code", "vector, Vector API", "scalar, plain loops"})
  void computesWithWhatIsAskedFor(String kernels, String described) throws Exception {
    Assumptions.assumeTrue(Emitted.unavailable() == null, "no machine code here");
    String asked = "-Dinternvl4j.kernels=" + kernels;
    assertThat(probe(VECTOR, NATIVE, asked, "-Dinternvl4j.plain.below=0"))
        .containsPattern("cpu: .*" + described + ".* says 6.0")
        .doesNotContain("WARNING: cpu");
  }

  @ParameterizedTest
  @ValueSource(strings = {"vector", "scalar"})
  void bf16ActivationsAreRefusedWhereNothingMultipliesThem(String kernels) throws Exception {
    String[] flags = {
      VECTOR,
      NATIVE,
      "-Dinternvl4j.plain.below=0",
      "-Dinternvl4j.kernels=" + kernels,
      "-Dinternvl4j.activations=bf16"
    };
    assertThat(probe(1, flags))
        .contains(
            "cpu: bf16 activations are multiplied by machine code for AVX-512 BF16, which is not run here; leave them f32")
        .doesNotContain("none is available");
  }
}
