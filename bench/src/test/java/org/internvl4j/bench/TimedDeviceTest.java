package org.internvl4j.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.Test;

class TimedDeviceTest {
  @Test
  void keepsAClockOnEachKernelAndChangesNothing() {
    try (Device cpu = Devices.open("cpu", 1);
        Workspace plain = new Workspace(cpu, "plain")) {
      TimedDevice timed = new TimedDevice(cpu);
      try (Workspace w = new Workspace(timed.device(), "timed")) {
        float[] seen = compute(w);

        assertThat(seen).isEqualTo(compute(plain));
        assertThat(timed.nanos().keySet()).contains("matMul 40 → 70", "gelu");
        assertThat(timed.nanos().values()).allMatch(nanos -> nanos > 0);
        timed.reset();
        assertThat(timed.nanos()).isEmpty();
      }
    }
  }

  private static float[] compute(Workspace w) {
    Tensor raw = w.allocate(DType.BF16, 70, 40).copyFrom(KernelCall.noise(w, 1, 70, 40));
    Tensor weight = w.device().prepare(raw, Device.Role.MATRIX, w);
    return KernelCall.noise(w, 2, 3, 40).matMul(weight, null).gelu().toFloats();
  }
}
