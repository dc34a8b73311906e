package org.internvl4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The emulator notices what is wrong: it runs kernels that are wrong on purpose.
final class CudaEmulatorTest {
  private CudaDevice device;
  private Memory memory;
  private Tensor y;

  @BeforeEach
  void open() {
    StandIn.assume();
    device = (CudaDevice) StandIn.open(true);
    memory = device.allocate(256 * 4, "test");
    y = Tensor.of(memory, DType.F32, Shape.of(256), device);
  }

  @AfterEach
  void close() {
    StandIn.seed(0);
    StandIn.reset();
    if (device != null) {
      memory.close();
      device.close();
    }
  }

  private float[] run(String entry, int threads) {
    CudaKernel kernel = device.kernel("faulty", entry);
    kernel.add(CudaKernels.at(y)).launch(1, 1, 1, threads, 0);
    return y.toFloats();
  }

  @Test
  void anotherOrderOfThreadsShowsAMissingBarrier() {
    float[] plain = run("bad_race", 256);
    StandIn.seed(1);
    assertThat(run("bad_race", 256)).isNotEqualTo(plain);
  }

  @Test
  void aBarrierThatHalfTheThreadsReachIsAnError() {
    assertThatThrownBy(() -> run("bad_barrier", 64))
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED (719)")
        .hasMessageContaining("bad_barrier: threads wait for each other for ever")
        .hasMessageContaining("faulty.cu:");
    assertThatThrownBy(device::synchronize).isInstanceOf(DeviceException.class);
  }

  @Test
  void whatIsReadBeforeItLandedIsNaN() {
    Memory from = device.allocate(256 * 4, "test");
    device
        .kernel("faulty", "bad_async")
        .add(((CudaMemory) from).address())
        .add(CudaKernels.at(y))
        .launch(1, 1, 1, 32, 128);
    assertThat(y.toFloats()[0])
        .isNaN(); // the first to read; its wait lands what the next one reads
    from.close();
  }

  @Test
  void aWriteBehindTheEndIsNoticedWhenTheMemoryGoes() {
    assumeFalse(System.getenv().containsKey("ASAN_OPTIONS"), "the sanitizer ends the process");
    Memory out = device.allocate(32 * 4, "test");
    device
        .kernel("faulty", "bad_bounds")
        .add(((CudaMemory) out).address())
        .add(32)
        .launch(1, 1, 1, 64, 0);
    assertThatThrownBy(out::close)
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("a kernel wrote past the end of an allocation of 128 bytes");
  }

  @ParameterizedTest
  @CsvSource({
    "1, wgmma without a fence since the last wait",
    "2, wgmma reads a tile that has not landed",
    "3, a copy into a tile that wgmma still reads",
    "4, accumulators are still in flight",
    "5, wgmma nobody waited for"
  })
  void productsOutOfOrderAreErrors(int wrong, String message) {
    StandIn.seed(1);
    products(0);
    device.synchronize();
    products(wrong);
    assertThatThrownBy(device::synchronize)
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("bad_products: " + message);
  }

  /// Multiplies the first 256 bytes of y, taken for two rows of bf16, with themselves.
  private void products(int wrong) {
    CudaKernel kernel = device.kernel("faulty", "bad_products");
    kernel
        .add(CudaKernels.at(y))
        .addMap(CudaKernels.at(y), new long[] {64, 2}, new long[] {128}, new int[] {64, 128})
        .add(wrong)
        .launch(1, 1, 1, 128, 128 * 128 + 1280);
  }

  @Test
  void aKernelThatThereIsNot() {
    assertThatThrownBy(() -> device.kernel("faulty", "good"))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "cuda: cuModuleGetFunction good failed: CUDA_ERROR_NOT_FOUND (500), no kernel good");
  }
}
