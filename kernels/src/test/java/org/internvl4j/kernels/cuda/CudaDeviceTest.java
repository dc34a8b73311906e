package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Mask;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Inputs;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Memory, order, recorded steps and errors of the CUDA device, over the stand-in driver.
final class CudaDeviceTest {
  @BeforeAll
  static void assume() {
    StandIn.assume();
  }

  @Test
  void tellsWhatItIs() {
    try (Device device = Devices.open("cuda", 0)) {
      assertThat(device.description())
          .isEqualTo("cuda: CPU emulation, emulated, bf16, driver 13.0");
      assertThat(device.activations()).isEqualTo(DType.BF16);
      assertThat(device.packing()).isNull();
    }
  }

  @Test
  void autoNeverTakesTheEmulator() {
    try (Device device = Devices.open("auto", 0)) {
      assertThat(device.name()).isEqualTo("cpu");
    }
  }

  @Test
  void namesTheDevicesThatThereAre() {
    assertThatThrownBy(() -> Devices.open("cuda:7", 0))
        .isInstanceOf(DeviceException.class)
        .hasMessage("cuda: there is no GPU 7, expected 0 to 3");
    assertThatThrownBy(() -> Devices.open("cuda:x", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "device: cuda:x names no device, expected a number behind the colon, or several");
    assertThatThrownBy(() -> Devices.open("cpu:1", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: there is one cpu only, but cpu:1 is asked for");
    Devices.open("cuda:0", 0).close();
  }

  @Test
  void refusesGpusThatTheKernelsAreNotFor() {
    assertThatThrownBy(() -> StandIn.openOf(75))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "cuda: this GPU has compute capability 7.5, expected 8.0 or later; use --device cpu");
  }

  @Test
  void refusesParametersThatTheKernelDoesNotHave() {
    try (CudaDevice device = (CudaDevice) StandIn.open(true)) {
      CudaKernel kernel = device.kernel("patches", "patches_f32_to_f32").add(0L).add(0);
      assertThatThrownBy(() -> kernel.launch(1, 32))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageMatching(
              "patches_f32_to_f32: its parameters have \\[8, .*\\] bytes, but \\[8, 4\\] were given");
    }
  }

  @Test
  void readsAndWritesStridedTensors() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "test")) {
      Tensor x = w.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
      assertThat(x.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(x.transpose(0, 1).toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
      assertThat(x.narrow(1, 1, 2).toFloats()).containsExactly(2, 3, 5, 6);
      int[] ids = new int[2];
      w.of(new int[] {7, -1}, 2).toInts(ids);
      assertThat(ids).containsExactly(7, -1);
      assertThatThrownBy(x::segment)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("tensor: test lies on cuda, where Java cannot read it; copy it with toHost");
    }
  }

  /// More than goes through the memory in between at once.
  @Test
  void copiesManyArraysOneAfterTheOther() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "test")) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        float[] values = {i};
        tensors.add(w.of(values, 1));
        values[0] = -1; // theirs again
      }
      for (int i = 0; i < tensors.size(); i++) {
        assertThat(tensors.get(i).toFloats()).containsExactly(i);
      }
    }
  }

  @Test
  void copiesLargeArraysInPieces() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "test")) {
      float[] values = new float[1_700_000];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      assertThat(w.of(values, 1700, 1000).toFloats()).isEqualTo(values);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRecordedStepReadsIdsPlacesAndPastsWhenItRuns(boolean f32) {
    try (Device device = StandIn.open(f32);
        Workspace w = new Workspace(device, "step")) {
      Inputs in = new Inputs(1, w, w);
      Tensor table = in.weight(DType.BF16, Role.TABLE, 50, 32);
      Tensor weight = in.weight(DType.BF16, Role.MATRIX, 50, 32);
      Tensor cache = in.activations(400, 2, 16);
      Tensor ids = w.of(new int[] {3}, 1);
      Tensor at = w.of(new int[] {10}, 1);
      List<Tensor> y = new ArrayList<>();
      Runnable step =
          () -> {
            y.clear();
            Tensor x = ids.gather(table).view(1, 2, 16);
            cache.putRows(x, at);
            Tensor seen =
                x.view(1, 1, 2, 16)
                    .attention(
                        cache.view(1, 400, 2, 16), cache.view(1, 400, 2, 16), Mask.past(at), 1);
            y.add(seen.view(1, 32).matMul(weight, null));
            y.add(y.getFirst().argMax());
          };
      Runnable again = device.record(step);
      List<Tensor> results = List.copyOf(y);
      for (int i = 0; i < 390; i += 13) {
        ids.fromHost(MemorySegment.ofArray(new int[] {(7 * i) % 50}));
        at.fromHost(MemorySegment.ofArray(new int[] {10 + i}));
        again.run();
        float[] recorded = results.getFirst().toFloats();
        float[] best = results.getLast().toFloats();
        step.run();
        TensorAssert.assertSameBits("step " + i, recorded, y.getFirst().toFloats());
        TensorAssert.assertSameBits("step " + i, best, y.getLast().toFloats());
      }
    }
  }

  @Test
  void aStepThatFailsLeavesNothingRecorded() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "step")) {
      Tensor x = w.of(new float[] {1, 2}, 1, 2);
      assertThatThrownBy(() ->
              device.record(() -> {
                x.add(x);
                throw new IllegalArgumentException("no");
              }))
          .hasMessage("no");
      assertThat(x.add(x).toFloats()).containsExactly(2, 4);
    }
  }

  @Test
  void refusesMemoryThatIsNotItsOwn() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "test");
        Memory host = Memory.host(8, "test")) {
      Tensor here = Tensor.of(host, DType.F32, Shape.of(1, 2), device);
      assertThatThrownBy(() -> w.of(new float[2], 1, 2).add(here))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "cuda: [1, 2] f32 lies in memory of this process; prepare it, or copy it into a workspace");
    }
  }

  @Test
  void refusesBlocksOfFewBits() {
    try (Device device = StandIn.open(true);
        Workspace w = new Workspace(device, "test")) {
      Inputs in = new Inputs(1, w, w);
      assertThatThrownBy(() -> in.weight(DType.BF16, Role.MATRIX, DType.Q8, 4, 32))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "cuda: cannot keep weights as q8, expected those stored; open the model without --weights");
    }
  }

  @Test
  void saysHowMuchMemoryThereIs() {
    try (Device device = StandIn.open(true)) {
      assertThatThrownBy(() -> device.allocate(1L << 40, "test"))
          .isInstanceOf(DeviceException.class)
          .hasMessageStartingWith("cuda: 1048576 MiB do not fit, ")
          .hasMessageContaining(" MiB are free; ")
          .hasMessageContaining("CUDA_ERROR_OUT_OF_MEMORY (2)");
      Memory small = device.allocate(8, "test");
      small.close();
      small.close();
      assertThat(small.isOpen()).isFalse();
    }
  }

  @Test
  void nothingRunsOnAClosedDevice() {
    Device device = StandIn.open(true);
    Memory memory = device.allocate(8, "test");
    device.close();
    device.close();
    memory.close();
    assertThatThrownBy(device::synchronize)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("cuda is closed");
  }
}
