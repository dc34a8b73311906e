package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.internvl4j.testkit.Tolerance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel, run by the emulator: what the reference computes, whatever order its threads run
/// in.
final class CudaKernelsTest {
  private static final int SEEDS = Effort.isWhole() ? 4 : 3;
  private static final List<String> MOVES =
      List.of(
          "copy",
          "gather",
          "putRows",
          "advance",
          "patches",
          "pixelShuffle ",
          "argMax",
          "sample",
          "resizeBicubic",
          "resizeRows");

  private static Device reference;
  private static Device f32;
  private static Device bf16;
  private static Device hopper;

  @BeforeAll
  static void open() {
    StandIn.assume();
    reference = Devices.open("reference", 1);
    f32 = StandIn.open(true);
    bf16 = StandIn.open(false);
    hopper = StandIn.openHopper();
  }

  @AfterAll
  static void close() {
    if (reference != null) {
      reference.close();
      f32.close();
      bf16.close();
      hopper.close();
    }
  }

  @AfterEach
  void plainOrder() {
    StandIn.seed(0);
  }

  /// Blocks of 8 and 4 bits are the CPU's.
  static Stream<KernelCase> cases() {
    return KernelCases.all().stream()
        .filter(c ->
            !c.name().contains("kept as q")
                && !c.name().contains(" q8 ")
                && !c.name().contains(" q4 "));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheReferenceInF32(KernelCase c) {
    TensorAssert.assertClose(c.name(), c.run(f32), c.run(reference), c.tolerance());
  }

  /// Roundings of a case of several operations, at most; the difference of a number and its
  /// neighbours in bf16 is lost where a mean is a hundred times the deviation.
  static Stream<KernelCase> casesInBf16() {
    return cases().filter(c -> !c.name().contains("100 times the deviation"));
  }

  @ParameterizedTest
  @MethodSource("casesInBf16")
  void agreesWithTheReferenceInBf16(KernelCase c) {
    TensorAssert.assertClose(
        c.name(), c.run(bf16, true), c.run(reference, true), toleranceInBf16(c));
  }

  /// The roundings of a norm are in both factors of the SwiGLU behind it, and in both numbers that
  /// turn together.
  static Tolerance toleranceInBf16(KernelCase c) {
    boolean twice =
        c.name().startsWith("rmsNormMatMulSwiGlu")
            || c.name().startsWith("rmsNormMatMulRopeAppend");
    return isMove(c) ? c.tolerance() : Tolerance.chainOfBf16(twice ? 10 : 5);
  }

  /// Whether a case moves numbers and rounds none.
  private static boolean isMove(KernelCase c) {
    return MOVES.stream().anyMatch(c.name()::startsWith)
        && !c.name().startsWith("patches of 7 of f32");
  }

  /// Those that take another kernel there, and some that do not.
  static Stream<KernelCase> casesOfHopper() {
    return casesInBf16()
        .filter(c -> c.name().contains("atMul") || c.name().startsWith("attention"));
  }

  @ParameterizedTest
  @MethodSource("casesOfHopper")
  void agreesWithTheReferenceOnHopper(KernelCase c) {
    float[] expected = c.run(reference, true);
    float[] plain = c.run(hopper, true);
    TensorAssert.assertClose(c.name(), plain, expected, toleranceInBf16(c));
    for (int seed = 1; seed < SEEDS; seed++) {
      StandIn.seed(seed);
      TensorAssert.assertSameBits(c.name() + ", seed " + seed, c.run(hopper, true), plain);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void doesNotDependOnTheOrderOfThreads(KernelCase c) {
    float[] plain = c.run(bf16);
    for (int seed = 1; seed < SEEDS; seed++) {
      StandIn.seed(seed);
      TensorAssert.assertSameBits(c.name() + ", seed " + seed, c.run(bf16), plain);
    }
    assertThat(StandIn.fault()).isEmpty();
  }

  /// Rows that gemm_small takes, by entries of three widths, with k split.
  @Test
  void aRowDoesNotDependOnTheRowsBesideIt() {
    float[] all = rows(64);
    for (int rows : new int[] {9, 20, 40}) {
      float[] some = rows(rows);
      TensorAssert.assertSameBits(rows + " rows of 64", some, Arrays.copyOf(all, some.length));
    }
  }

  /// By one launch, or by two where there are more rows or columns than shared memory is taken for.
  @Test
  void productsOfNormalisedRowsHaveTheBitsOfNormAndProduct() {
    for (int in : new int[] {70, 896, 2056, 4300}) {
      for (int rows : new int[] {1, 2, 3, 8}) {
        for (Device device : List.of(f32, bf16)) {
          TensorAssert.assertSameBits(
              rows + " rows of " + in + " on " + device,
              normalised(rows, in, true).run(device, device.activations() == DType.BF16),
              normalised(rows, in, false).run(device, device.activations() == DType.BF16));
        }
      }
    }
  }

  private static KernelCase normalised(int rows, int in, boolean together) {
    return new KernelCase(
        "normalised",
        Tolerance.exact(),
        inputs -> {
          Tensor x = inputs.activations(rows, in);
          Tensor norm = inputs.weight(DType.BF16, Role.VECTOR, in);
          Tensor weight = inputs.weight(DType.BF16, Role.MATRIX, 19, in);
          Tensor up = inputs.weight(DType.BF16, Role.MATRIX, 19, in);
          Tensor product =
              together
                  ? x.rmsNormMatMul(norm, 1e-6f, weight, null)
                  : x.rmsNorm(norm, 1e-6f).matMul(weight, null);
          return product.add(
              together
                  ? x.rmsNormMatMulSwiGlu(norm, 1e-6f, weight, up)
                  : x.rmsNorm(norm, 1e-6f).matMulSwiGlu(weight, up));
        });
  }

  private static float[] rows(int rows) {
    return new KernelCase(
            "rows",
            Tolerance.exact(),
            in ->
                in.activations(64, 520)
                    .narrow(0, 0, rows)
                    .matMul(in.weight(DType.BF16, Role.MATRIX, 70, 520), null))
        .run(bf16);
  }
}
