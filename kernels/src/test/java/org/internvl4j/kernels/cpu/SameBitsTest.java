package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.Inputs;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.internvl4j.testkit.Tolerance;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a result may not depend on: the number of threads, what else is computed, and, where sums
/// run in the order of their terms, the width of vectors.
final class SameBitsTest {
  private static final List<KernelCase> CASES = KernelCases.all();
  private static final int TIMES = Effort.isWhole() ? 12 : 6; // until what is hot is compiled

  /// Of sums of so many terms, in another order.
  private static final Tolerance LAST_BITS = Tolerance.sum(1096, 4);

  static IntStream widths() {
    return IntStream.of(Widths.ALL);
  }

  /// The split among workers does not depend on the width, so two of them will do.
  static IntStream widestAndNone() {
    return IntStream.of(Lanes.WIDEST, 0);
  }

  @ParameterizedTest
  @MethodSource("widestAndNone")
  void oneTwoThreeAndEightThreadsGiveTheSameBits(int bits) {
    try (Device one = Widths.open(bits, 1);
        Device two = Widths.open(bits, 2);
        Device three = Widths.open(bits, 3);
        Device eight = Widths.open(bits, 8)) {
      for (KernelCase c : CASES) {
        float[] expected = c.run(one);
        for (Device device : List.of(two, three, eight)) {
          TensorAssert.assertSameBits(
              c.name() + " on " + device.description(), c.run(device), expected);
        }
      }
    }
  }

  @Test
  void theSameCallGivesTheSameBitsInterpretedAndCompiled() {
    try (Device device = Widths.open(Lanes.WIDEST, 1)) {
      List<float[]> first = CASES.stream().map(c -> c.run(device)).toList();
      for (int i = 0; i < TIMES; i++) {
        for (int n = 0; n < first.size(); n++) {
          TensorAssert.assertSameBits(
              CASES.get(n).name() + ", time " + i, CASES.get(n).run(device), first.get(n));
        }
      }
    }
  }

  static Stream<KernelCase> independentOfWidth() {
    return Stream.of(
        new KernelCase(
            "matMul [70, 1200], bf16 [70, 1200]",
            Tolerance.exact(),
            in ->
                in.activations(70, 1200)
                    .matMul(in.weight(DType.BF16, Role.MATRIX, 70, 1200), null)),
        matMul(1, DType.BF16),
        matMul(3, DType.Q8),
        matMul(70, DType.Q8),
        matMul(3, DType.Q4),
        matMul(70, DType.Q4),
        new KernelCase("gelu [3, 77]", Tolerance.exact(), in -> in.uniform(7, 3, 77).gelu()),
        new KernelCase("silu [3, 77]", Tolerance.exact(), in -> in.uniform(7, 3, 77).silu()));
  }

  private static KernelCase matMul(int rows, DType keep) {
    return new KernelCase(
        "matMul [" + rows + ", 300], bf16 kept as " + keep + " [70, 300]",
        Tolerance.exact(),
        in ->
            in.activations(rows, 300)
                .matMul(in.weight(DType.BF16, Role.MATRIX, keep, 70, 300), null));
  }

  @ParameterizedTest
  @MethodSource("independentOfWidth")
  void theWidthOfVectorsDoesNotMatter(KernelCase c) {
    float[] expected;
    try (Device narrow = Widths.open(128, 1)) {
      expected = c.run(narrow);
    }
    for (int bits : new int[] {256, 512}) {
      if (Widths.available(bits)) {
        try (Device wide = Widths.open(bits, 1)) {
          TensorAssert.assertSameBits(c.name() + " at " + bits, c.run(wide), expected);
        }
      }
    }
  }

  @Test
  void machineCodeDoesNotMatter() {
    Assumptions.assumeTrue(Tier.chosen() == Tier.EMITTED, "no machine code here");
    try (Device emitted = CpuDevice.open(2);
        Device vectors = Widths.open(Lanes.WIDEST, 2)) {
      assertThat(emitted.description()).contains("machine code");
      assertThat(vectors.description()).doesNotContain("machine code");
      for (KernelCase c : CASES) {
        if (c.name().matches("matMul.*kept as q[48].*")) { // many rows: but for the last bits
          TensorAssert.assertClose(c.name(), c.run(emitted), c.run(vectors), LAST_BITS);
        } else {
          TensorAssert.assertSameBits(c.name(), c.run(emitted), c.run(vectors));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void aRowDoesNotDependOnTheRowsBesideIt(int bits) {
    Assumptions.assumeTrue(Widths.available(bits));
    try (Device device = Widths.open(bits, 2)) {
      assertRowsAlone(device, DType.BF16);
    }
  }

  @Test
  void norDoesARowOfMachineCodeWithWeightsInBlocks() {
    Assumptions.assumeTrue(RoundedRows.PACKED, "no products of bytes here");
    try (Device device = CpuDevice.open(2)) {
      assertRowsAlone(device, DType.Q8);
      assertRowsAlone(device, DType.Q4);
    }
  }

  private static void assertRowsAlone(Device device, DType keep) {
    for (int[] pair : new int[][] {{64, 100}, {1, 7}, {7, 63}}) {
      float[] few = rows(device, keep, pair[0]);
      float[] many = rows(device, keep, pair[1]);
      String what = "%s, %d rows of %d".formatted(keep, pair[0], pair[1]);
      TensorAssert.assertSameBits(what, few, Arrays.copyOf(many, few.length));
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void aQueryDoesNotDependOnTheQueriesMadeWithIt(int bits) {
    Assumptions.assumeTrue(Widths.available(bits));
    try (Device device = Widths.open(bits, 2)) {
      float[] eight = queries(device, 0, 8, 400);
      for (int first = 0; first < 8; first++) {
        float[] one = queries(device, first, 1, 300);
        TensorAssert.assertSameBits(
            "query " + first,
            one,
            Arrays.copyOfRange(eight, first * one.length, (first + 1) * one.length));
      }
    }
  }

  /// Some queries behind 250 keys; whatever else is in their cache is NaN.
  private static float[] queries(Device device, int first, int count, int capacity) {
    return new KernelCase(
            "queries",
            Tolerance.exact(),
            in -> {
              Tensor q = in.activations(1, 8, 6, 40).narrow(1, first, count);
              Tensor k = cache(in, in.activations(258, 2, 40), capacity);
              Tensor v = cache(in, in.activations(258, 2, 40), capacity);
              return q.attention(k, v, Mask.past(in.number(250 + first)), 0.2f);
            })
        .run(device);
  }

  private static Tensor cache(Inputs in, Tensor rows, int capacity) {
    Tensor cache = in.result(DType.F32, capacity, 2, 40);
    cache.segment().asSlice(cache.byteOffset(), 4 * cache.shape().size()).fill((byte) 0xff);
    return cache.putRows(rows, in.number(0)).view(1, capacity, 2, 40);
  }

  private static float[] rows(Device device, DType keep, int rows) {
    return new KernelCase(
            "rows",
            Tolerance.exact(),
            in ->
                in.activations(100, 1300)
                    .narrow(0, 0, rows)
                    .matMul(in.weight(DType.BF16, Role.MATRIX, keep, 33, 1300), null))
        .run(device);
  }
}
