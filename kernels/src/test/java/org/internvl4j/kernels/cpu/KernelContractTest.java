package org.internvl4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.KernelCase;
import org.internvl4j.testkit.KernelCases;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every device and every width of vectors computes what the reference computes.
final class KernelContractTest {
  private static final List<KernelCase> CASES = KernelCases.all();
  private static final Map<String, float[]> EXPECTED = expected();

  private static Map<String, float[]> expected() {
    Map<String, float[]> results = new HashMap<>();
    try (Device reference = Devices.open("reference", 1)) {
      CASES.forEach(c -> results.put(c.name(), c.run(reference)));
    }
    return results;
  }

  @Test
  void namesOfCasesAreUnique() {
    assertThat(new HashSet<>(CASES.stream().map(KernelCase::name).toList())).hasSameSizeAs(CASES);
  }

  @TestFactory
  Stream<DynamicContainer> everyDeviceFoundAgreesWithTheReference() {
    return Devices.providers().stream()
        .filter(p -> p.preference() >= 0 && !p.name().equals("cuda")) // has a test of its own
        .map(p ->
            DynamicContainer.dynamicContainer(
                p.name(),
                p.unavailable() == null
                    ? cases(() -> p.open(0))
                    : Stream.of(
                        DynamicTest.dynamicTest(
                            "absent", () -> Assumptions.abort(p.unavailable())))));
  }

  @TestFactory
  Stream<DynamicContainer> everyWidthAgreesWithTheReference() {
    return Stream.of(0, 128, 256, 512)
        .map(bits ->
            DynamicContainer.dynamicContainer(
                bits + " bits",
                Widths.available(bits)
                    ? cases(() -> Widths.open(bits, 2))
                    : Stream.of(
                        DynamicTest.dynamicTest(
                            "absent",
                            () -> Assumptions.abort("vectors here have " + Lanes.WIDEST)))));
  }

  private interface Opener {
    Device open();
  }

  private static Stream<DynamicTest> cases(Opener opener) {
    Device device = opener.open();
    return CASES.stream()
        .map(c ->
            DynamicTest.dynamicTest(
                c.name(),
                () ->
                    TensorAssert.assertClose(
                        c.name(), c.run(device), EXPECTED.get(c.name()), c.tolerance())))
        .onClose(device::close);
  }
}
