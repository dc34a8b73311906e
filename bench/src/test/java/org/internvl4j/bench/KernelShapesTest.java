package org.internvl4j.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.annotations.Param;

class KernelShapesTest {
  @Test
  void theBenchmarkRunsThemAll() throws NoSuchFieldException {
    String[] params =
        KernelBenchmark.Operands.class.getField("shape").getAnnotation(Param.class).value();

    assertThat(List.of(params)).isEqualTo(KernelShapes.names());
  }

  @Test
  void namesWhatThereIs() {
    try (Device device = Devices.open("cpu", 1);
        Workspace w = new Workspace(device, "test")) {
      assertThatThrownBy(() -> KernelShapes.named("vit", DType.BF16, w))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "bench: no shape is called vit; there are qwen2-0.5b.up.decode, ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "qwen2-0.5b.out.prefill",
        "vit-300m.proj",
        "qwen2-0.5b.norm.prefill",
        "vit-300m.patches"
      })
  void asTheReferenceSays(String shape) {
    try (Device device = Devices.open("cpu", 2);
        Workspace w = new Workspace(device, "test");
        Device plain = Devices.open("reference", 1);
        Workspace p = new Workspace(plain, "reference")) {
      KernelCall call = KernelShapes.named(shape, DType.BF16, w);
      KernelCall reference = KernelShapes.named(shape, DType.BF16, p);
      call.run(0);
      reference.body().run(1, 0);
      TensorAssert.assertClose(shape, call.result(1), reference.result(1), call.tolerance());
    }
  }
}
