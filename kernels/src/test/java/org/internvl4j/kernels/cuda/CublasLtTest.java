package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Inputs;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.internvl4j.testkit.Tolerance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Products by cublasLt, over its stand-in: which ones it gets, what comes of them, and what is
/// said where it cannot be had.
final class CublasLtTest {
  private static final int SEEDS = 4;

  private static Device reference;
  private static Device cuda;

  @BeforeAll
  static void open() {
    StandIn.assume();
    reference = Devices.open("reference", 1);
    cuda = StandIn.openCublasLt("auto");
  }

  @AfterAll
  static void close() {
    if (reference != null) {
      reference.close();
      cuda.close();
    }
  }

  @AfterEach
  void plainOrder() {
    StandIn.seed(0);
  }

  private static KernelCase product(int rows, int in, int out) {
    return new KernelCase(
        "[%d, %d] by [%d, %d]".formatted(rows, in, out, in),
        Tolerance.chainOfBf16(2),
        i -> i.activations(rows, in).matMul(i.weight(DType.BF16, Role.MATRIX, out, in), null));
  }

  private static KernelCase sum(int rows, int in, int out, boolean inPlace) {
    return new KernelCase(
        "[%d, %d] by [%d, %d] added%s".formatted(rows, in, out, in, inPlace ? " in place" : ""),
        Tolerance.chainOfBf16(3),
        i -> {
          Tensor x = i.activations(rows, in);
          Tensor weight = i.weight(DType.BF16, Role.MATRIX, out, in);
          Tensor residual = i.activations(rows, out);
          Tensor y = inPlace ? residual : i.result(x.dtype(), rows, out);
          i.kernels().matMulAdd(y, x, weight, null, null, residual);
          return y;
        });
  }

  /// Rows, or columns, with gaps between them.
  private static KernelCase gaps(int from, int gap) {
    return new KernelCase(
        "columns %d to %d of %d".formatted(from, from + 72, from + 72 + gap),
        Tolerance.chainOfBf16(3),
        i -> {
          Tensor x = i.strided(from, gap, 2, 50, 72);
          Tensor weight = i.weight(DType.BF16, Role.MATRIX, 40, 72);
          Tensor y = i.strided(from, gap, 2, 50, 40);
          i.kernels().matMulAdd(y, x, weight, null, null, i.strided(gap, from, 2, 50, 40));
          return y.contiguous();
        });
  }

  static Stream<KernelCase> cases() {
    List<KernelCase> cases = new ArrayList<>();
    for (int[] size : new int[][] {{65, 64, 64}, {66, 7, 1}, {67, 70, 41}, {129, 136, 257}}) {
      cases.add(product(size[0], size[1], size[2]));
      cases.add(sum(size[0], size[1], size[2], false));
      cases.add(sum(size[0], size[1], size[2], true));
    }
    cases.add(gaps(8, 16));
    cases.add(gaps(1, 4));
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheReference(KernelCase c) {
    long before = StandIn.products();
    float[] plain = c.run(cuda, true);
    TensorAssert.assertClose(c.name(), plain, c.run(reference, true), c.tolerance());
    for (int seed = 1; seed < SEEDS; seed++) {
      StandIn.seed(seed);
      TensorAssert.assertSameBits(c.name() + ", seed " + seed, c.run(cuda, true), plain);
    }
    assertThat(StandIn.products() - before).isEqualTo(SEEDS);
  }

  static Stream<KernelCase> products() {
    return KernelCases.all().stream()
        .filter(c -> c.name().startsWith("matMul"))
        .filter(c -> !c.name().contains("kept as q") && !c.name().contains(" q8 "))
        .filter(c -> !c.name().contains(" q4 "));
  }

  /// Whatever a product ends with, and however it lies.
  @ParameterizedTest
  @MethodSource("products")
  void andOwnKernelsComputeTheOthers(KernelCase c) {
    TensorAssert.assertClose(
        c.name(), c.run(cuda, true), c.run(reference, true), Tolerance.chainOfBf16(5));
  }

  @Test
  void getsPlainProductsOfManyRowsOnly() {
    try (Workspace w = new Workspace(cuda, "test")) {
      Inputs in = new Inputs(1, w, w);
      Tensor few = in.activations(64, 32);
      Tensor many = in.activations(65, 32);
      Tensor weight = in.weight(DType.BF16, Role.MATRIX, 32, 32);
      Tensor vector = in.weight(DType.BF16, Role.VECTOR, 32);
      long before = StandIn.products();
      few.matMul(weight, null);
      many.matMul(weight, vector);
      many.matMulGelu(weight, null);
      many.matMulSwiGlu(weight, weight);
      in.kernels().matMulAdd(in.result(DType.BF16, 65, 32), many, weight, null, vector, many);
      assertThat(StandIn.products()).isEqualTo(before);
      many.matMul(weight, null);
      assertThat(StandIn.products()).isEqualTo(before + 1);
      cuda.synchronize();
    }
  }

  @Test
  void isPartOfARecordedStep() {
    try (Workspace w = new Workspace(cuda, "test")) {
      Inputs in = new Inputs(1, w, w);
      Tensor x = in.activations(70, 48);
      Tensor weight = in.weight(DType.BF16, Role.MATRIX, 24, 48);
      List<Tensor> y = new ArrayList<>();
      Runnable again = cuda.record(() -> y.add(x.matMul(weight, null)));
      float[] first = y.getFirst().toFloats();
      TensorAssert.assertSameBits("recorded", first, x.matMul(weight, null).toFloats());
      x.copyFrom(in.activations(70, 48));
      again.run();
      float[] second = y.getFirst().toFloats();
      assertThat(second).isNotEqualTo(first);
      TensorAssert.assertSameBits("again", second, x.matMul(weight, null).toFloats());
    }
  }

  /// More than are remembered.
  @Test
  void forgetsShapesThatWereNotMetForLong() {
    try (Workspace w = new Workspace(cuda, "test")) {
      Inputs in = new Inputs(1, w, w);
      Tensor x = in.activations(700, 8);
      Tensor weight = in.weight(DType.BF16, Role.MATRIX, 8, 8);
      Tensor all = x.matMul(weight, null);
      for (int rows = 65; rows < 700; rows++) {
        x.narrow(0, 0, rows).matMul(weight, null);
      }
      TensorAssert.assertSameBits("again", x.matMul(weight, null).toFloats(), all.toFloats());
    }
  }

  @ParameterizedTest
  @CsvSource({"auto, false, 1", "auto, true, 0", "always, true, 1", "never, false, 0"})
  void isTakenAsThePropertySays(String policy, boolean hopper, int products) {
    try (Device device =
            hopper ? StandIn.openHopperCublasLt(policy) : StandIn.openCublasLt(policy);
        Workspace w = new Workspace(device, "test")) {
      Inputs in = new Inputs(1, w, w);
      long before = StandIn.products();
      in.activations(65, 16).matMul(in.weight(DType.BF16, Role.MATRIX, 16, 16), null).toFloats();
      assertThat(StandIn.products() - before).isEqualTo(products);
      assertThat(device.description())
          .endsWith(products == 1 ? "driver 13.0, cublasLt 13.0.0" : "driver 13.0");
      assertThat(device.remark())
          .startsWith("the driver is " + System.getProperty("internvl4j.cuda.library") + "; ")
          .endsWith(
              products == 1
                  ? "plain products of more than 64 rows are those of "
                      + StandIn.folder().resolve("libcublasLt.so.13")
                  : "own kernels compute all products, not cublasLt: "
                      + (hopper ? "this GPU has gemm.sm90" : "internvl4j.cublaslt is never"));
    }
  }

  /// Each has its own library handle, and work goes to the one whose it is.
  @Test
  void runsOnSeveralDevicesInTurn() {
    KernelCase c = product(66, 24, 32);
    float[] expected = c.run(cuda, true);
    try (Device second = StandIn.openCublasLt("auto", 1);
        Workspace there = new Workspace(second, "there");
        Workspace here = new Workspace(cuda, "here")) {
      Tensor[] y = new Tensor[2];
      for (int i = 0; i < 2; i++) {
        Workspace w = i == 0 ? here : there;
        Inputs in = new Inputs(c.name().hashCode(), w, w, true);
        y[i] = c.body().run(in);
      }
      Inputs in = new Inputs(c.name().hashCode(), here, here, true);
      Tensor x = in.activations(66, 24);
      Tensor weight = in.weight(DType.BF16, Role.MATRIX, 32, 24);
      second.synchronize(); // its context is the thread's
      TensorAssert.assertSameBits("here again", x.matMul(weight, null).toFloats(), expected);
      TensorAssert.assertSameBits("here", y[0].toFloats(), expected);
      TensorAssert.assertSameBits("there", y[1].toFloats(), expected);
    }
  }

  @Test
  void isLookedForInPythonPackages(@TempDir Path home) throws IOException {
    Path lib = home.resolve(".local/lib/python3.12/site-packages/nvidia/cublas/lib");
    Files.createDirectories(lib);
    String before = System.getProperty("user.home");
    System.setProperty("user.home", home.toString());
    try {
      assertThat(CudaLibrary.folders()).contains(lib);
    } finally {
      System.setProperty("user.home", before);
    }
  }

  @Test
  void refusesAPropertyThatItDoesNotKnow() {
    assertThatThrownBy(() -> StandIn.openCublasLt("fast"))
        .isInstanceOf(DeviceException.class)
        .hasMessage("cuda: internvl4j.cublaslt is fast, expected auto, always or never");
  }

  @Test
  void saysWhyALibraryIsNotUsed(@TempDir Path temp) throws IOException {
    Path other = StandIn.folder().resolve("add.so");
    Path text = Files.writeString(temp.resolve("text.so"), "no library");
    assertReason("none", "internvl4j.cublaslt.library is none");
    assertReason(text.toString(), text + " is no library that can be opened");
    assertReason(temp.resolve("absent").toString(), "absent is no library that can be opened");
    assertReason(other.toString(), other + " cannot be used: the library has no cublasLtCreate");
    assertReason("", "the emulator takes cublasLt where it is named only");
  }

  private static void assertReason(String library, String reason) {
    try (Device device = StandIn.openCublasLt("auto", library)) {
      assertThat(device.remark())
          .contains("; own kernels compute all products, not cublasLt: ")
          .endsWith(reason);
    }
    assertThatThrownBy(() -> StandIn.openCublasLt("always", library))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("cuda: no cublasLt, but it is asked for; own kernels compute")
        .hasMessageEndingWith(reason);
  }
}
