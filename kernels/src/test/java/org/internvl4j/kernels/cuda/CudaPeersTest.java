package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes from one GPU to another, over the stand-in driver, whose streams run only when
/// somebody waits.
final class CudaPeersTest {
  private static final int COUNT = 300;

  private Device first;
  private Device second;
  private Workspace w;

  @BeforeEach
  void open() {
    StandIn.assume();
    first = StandIn.open(true, 0);
    second = StandIn.open(true, 1);
    w = new Workspace(first, "test");
  }

  @AfterEach
  void close() {
    StandIn.forgetWaits(false);
    StandIn.seed(0);
    StandIn.reset();
    if (w != null) {
      w.close();
      first.close();
      second.close();
    }
  }

  private Tensor filled(float value) {
    float[] values = new float[COUNT];
    Arrays.fill(values, value);
    return w.of(values, COUNT);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3})
  void theCopyComesAfterWhatItCopiesAndBeforeWhatOverwritesIt(long seed) {
    StandIn.seed(seed);
    assertThat(filled(1).add(filled(1)).to(second).toFloats()[0]).isEqualTo(2);
    assertThat(passes()).containsExactly(2, 4, 8, 16);
  }

  /// Four passes through the same memory: doubled on the first device, read on the second.
  private float[] passes() {
    Tensor x = filled(1);
    Tensor y = w.on(second).allocate(DType.F32, COUNT);
    Tensor all = w.on(second).allocate(DType.F32, 4, COUNT);
    for (int i = 0; i < 4; i++) {
      x.through(h -> h.add(h));
      y.copyFrom(x);
      all.select(0, i).copyFrom(y);
    }
    first.synchronize(); // nothing of the second device is waited for by this
    float[] values = all.toFloats();
    float[] found = new float[4];
    for (int i = 0; i < 4; i++) {
      found[i] = values[i * COUNT];
      for (int j = 0; j < COUNT; j++) {
        assertThat(values[i * COUNT + j]).isEqualTo(found[i]);
      }
    }
    return found;
  }

  /// The stand-in forgets to wait in the consumer's stream, which then copies what is not there
  /// yet.
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3})
  void aConsumerThatDoesNotWaitIsNoticed(long seed) {
    StandIn.seed(seed);
    StandIn.forgetWaits(true);
    Tensor late = filled(1).add(filled(1)).to(second);
    assertThat(late.toFloats()[0]).isNotEqualTo(2);
  }

  /// The stand-in forgets to wait in the producer's stream, which then overwrites what is not
  /// copied yet.
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3})
  void aProducerThatDoesNotWaitIsNoticed(long seed) {
    StandIn.seed(seed);
    Tensor x = filled(1);
    first.synchronize();
    StandIn.forgetWaits(true);
    Tensor y = x.to(second);
    x.through(h -> h.add(h));
    first.synchronize();
    assertThat(y.toFloats()[0]).isEqualTo(2);
  }

  @Test
  void bytesStayAsTheyAre() {
    Tensor x = w.of(new int[] {1, -2, 3}, 3);
    assertThat(x.to(first)).isSameAs(x);
    Tensor y = x.to(second);
    assertThat(y.device()).isSameAs(second);
    assertThat(y.to(first).toFloats()).containsExactly(1, -2, 3);
    assertThat(w.on(second).allocate(DType.F32, 0).to(first).toFloats()).isEmpty();
    assertThatThrownBy(
            () -> w.on(second).allocate(DType.BF16, 3).copyFrom(filled(1).narrow(0, 0, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "copy: cannot go from [3] f32 on cuda to [3] bf16 on cuda:1 but as it is, contiguous");
  }

  @Test
  void aPartIsResetAndClosedWithItsWorkspace() {
    Workspace part = w.on(second);
    assertThat(part.on(second)).isSameAs(part);
    assertThat(part.on(first)).isSameAs(w);
    Workspace.Mark mark = w.mark();
    Tensor kept = w.on(second).allocate(DType.F32, 8);
    Workspace.Mark later = w.mark();
    Tensor freed = w.on(second).allocate(DType.F32, 8);
    w.reset(later);
    assertThat(part.allocate(DType.F32, 8).byteOffset()).isEqualTo(freed.byteOffset());
    w.reset(mark);
    assertThat(part.allocate(DType.F32, 8).byteOffset()).isEqualTo(kept.byteOffset());
    w.close();
    assertThatThrownBy(() -> part.allocate(DType.F32, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("workspace: test is closed");
  }

  @Test
  void aRecordedStepStaysOnItsDevice() {
    Tensor x = filled(1);
    Tensor y = w.on(second).allocate(DType.F32, COUNT);
    for (Device recording : new Device[] {first, second}) {
      assertThatThrownBy(() -> recording.record(() -> y.copyFrom(x)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              recording.name()
                  + ": a recorded step does not go from one device to another; record two");
    }
    assertThat(y.copyFrom(x).toFloats()[0]).isEqualTo(1);
  }

  @Test
  void aKernelThatReadsAnotherDevicesMemoryFails() {
    Tensor x = filled(1);
    filled(1).to(second); // the devices reach each other's memory by then
    CudaDevice device = (CudaDevice) second;
    Tensor y = w.on(second).allocate(DType.F32, COUNT);
    assertThatThrownBy(
            () -> {
              CudaKernel kernel = device.kernel("gelu", "gelu_f32");
              Rows rows = Rows.flat(x, y);
              rows.add(kernel, 1, CudaKernels.at(y));
              rows.add(kernel, 0, CudaKernels.at(x)).add(rows.columns());
              kernel.launch(1, 256);
            })
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("is another device's memory");
  }

  @Test
  void aCopyOfAnotherDevicesMemoryFails() {
    Tensor x = filled(1);
    CudaDevice device = (CudaDevice) second;
    Tensor y = w.on(second).allocate(DType.F32, COUNT);
    assertThatThrownBy(() -> device.copy(CudaKernels.at(y), CudaKernels.at(x), 4L * COUNT))
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("copy of another device's memory");
  }

  @Test
  void memoryThatDoesNotFitNamesItsDevice() {
    assertThatThrownBy(() -> second.allocate(1L << 40, "test"))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("cuda:1: 1048576 MiB do not fit, ");
  }

  @Test
  void oneDeviceIsNotSeveral() {
    assertThatThrownBy(() -> Devices.open("cuda:0,1", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("device: cuda:0,1 names several, expected one");
  }
}
