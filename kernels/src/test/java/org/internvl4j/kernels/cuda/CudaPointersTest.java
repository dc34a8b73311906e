package org.internvl4j.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuCtxCreate;
import static jcuda.driver.JCudaDriver.cuCtxDestroy;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Inputs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A program of JCuda's and a device share memory.
final class CudaPointersTest {
  private static final Shape FOUR = Shape.of(2, 2);

  private JCudaProgram program;
  private Device device;
  private Workspace workspace;

  @BeforeEach
  void open() {
    program = new JCudaProgram(0);
    device = StandIn.open(true);
    workspace = new Workspace(device, "test");
  }

  @AfterEach
  void close() {
    if (workspace != null) {
      workspace.close();
      device.close();
      program.close();
    }
  }

  @Test
  void kernelsComputeInMemoryOfAnotherProgram() {
    CUdeviceptr theirs = program.allocate(1, 2, 3, 4);
    Tensor x = CudaPointers.wrap(device, JCudaProgram.address(theirs), DType.F32, FOUR);
    device.kernels().add(x, x, workspace.of(new float[] {10, 20, 30, 40}, 2, 2));
    device.synchronize();
    assertThat(program.read(theirs, 4)).containsExactly(11, 22, 33, 44);
    Tensor sum = x.in(workspace).add(x.transpose(0, 1).in(workspace).contiguous());
    assertThat(sum.toFloats()).containsExactly(22, 55, 55, 88);
  }

  @Test
  void anotherProgramReadsTensors() {
    Tensor x = workspace.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor doubled = x.add(x);
    device.synchronize();
    CUdeviceptr address = JCudaProgram.pointer(CudaPointers.address(doubled));
    assertThat(program.read(address, 6)).containsExactly(2, 4, 6, 8, 10, 12);
    Tensor second = doubled.select(0, 1).narrow(0, 1, 2);
    assertThat(CudaPointers.address(second) - CudaPointers.address(doubled)).isEqualTo(16);
  }

  @Test
  void whatOthersQueueInTheStreamComesInTurn() {
    CUdeviceptr theirs = program.allocate(1, 2, 3, 4);
    long address = JCudaProgram.address(theirs);
    Tensor x = CudaPointers.wrap(device, address, DType.F32, FOUR);
    device.kernels().add(x, x, x);
    CudaPlatform.get().driver().zero(address, 8, CudaPointers.stream(device));
    device.kernels().add(x, x, x);
    assertThat(x.toFloats()).containsExactly(0, 0, 12, 16);
  }

  @Test
  void closingFreesNothing() {
    CUdeviceptr theirs = program.allocate(1, 2, 3, 4);
    Tensor x = CudaPointers.wrap(device, JCudaProgram.address(theirs), DType.F32, FOUR);
    x.memory().close();
    assertThatThrownBy(x::toFloats)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("tensor: memory of another CUDA program is closed");
    assertThat(program.read(theirs, 4)).containsExactly(1, 2, 3, 4);
  }

  @ParameterizedTest
  @CsvSource({
    "0, F32, '[2, 2] f32 begins at 0x0, expected a multiple of 4 bytes that is not 0'",
    "4098, F32, '[2, 2] f32 begins at 0x1002, expected a multiple of 4 bytes that is not 0'",
    "4098, BF16, '[2, 2] bf16 begins at 0x1002, where the driver knows no memory'",
    "4096, Q8, 'q8 is stored in blocks, expected a dtype of single elements'",
  })
  void refusesWhatIsNoAddress(long address, DType dtype, String message) {
    assertThatThrownBy(() -> CudaPointers.wrap(device, address, dtype, FOUR))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("cuda: " + message);
  }

  @Test
  void refusesMoreThanWasAllocated() {
    long address = JCudaProgram.address(program.allocate(1, 2, 3, 4));
    assertThatThrownBy(() -> CudaPointers.wrap(device, address, DType.F32, Shape.of(5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cuda: [5] f32 ends at 0x%x, where the driver knows no memory".formatted(address + 19));
  }

  @Test
  void refusesMemoryOfTheHost() {
    Pointer pinned = new Pointer();
    cuMemHostAlloc(pinned, 16, 0);
    long address = MemorySegment.ofBuffer(pinned.getByteBuffer(0, 16)).address();
    assertThatThrownBy(() -> CudaPointers.wrap(device, address, DType.F32, FOUR))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cuda: [2, 2] f32 begins at 0x%x, which is memory of the host, expected of GPU 0"
                .formatted(address));
    cuMemFreeHost(pinned);
  }

  @Test
  void refusesMemoryOfAnotherContext() {
    CUcontext other = new CUcontext();
    cuCtxCreate(other, 0, program.device);
    CUdeviceptr theirs = new CUdeviceptr();
    cuMemAlloc(theirs, 16);
    long address = JCudaProgram.address(theirs);
    assertThatThrownBy(() -> CudaPointers.wrap(device, address, DType.F32, FOUR))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cuda: [2, 2] f32 begins at 0x%x, which is of another context, expected GPU 0's primary one"
                .formatted(address));
    cuMemFree(theirs);
    cuCtxDestroy(other);
  }

  @Test
  void refusesMemoryOfAnotherDevice() {
    try (JCudaProgram second = new JCudaProgram(1);
        Device other = Devices.open("cuda:1", 0)) {
      long address = JCudaProgram.address(second.allocate(1, 2, 3, 4));
      assertThatThrownBy(() -> CudaPointers.wrap(device, address, DType.F32, FOUR))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "cuda: [2, 2] f32 begins at 0x%x, which lies on GPU 1, expected GPU 0"
                  .formatted(address));
      assertThat(CudaPointers.wrap(other, address, DType.F32, FOUR).toFloats())
          .containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void refusesOtherDevicesAndTensorsWithoutAddress() {
    try (Device cpu = Devices.open("reference", 1);
        Workspace host = new Workspace(cpu, "host")) {
      assertThatThrownBy(() -> CudaPointers.stream(cpu))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("cuda: reference has no device addresses, expected a device of cuda");
      assertThatThrownBy(() -> CudaPointers.address(host.of(new float[2], 2)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("cuda: [2] f32 lies on reference, expected a GPU");
    }
    Tensor matrix = new Inputs(1, workspace, workspace).weight(DType.F32, Role.MATRIX, 4, 8);
    assertThatThrownBy(() -> CudaPointers.address(matrix))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "cuda: [4, 8] f32 is a prepared matrix, expected rows that its strides describe");
  }

  @Test
  void nothingIsWrappedOnAClosedDevice() {
    long address = JCudaProgram.address(program.allocate(1, 2, 3, 4));
    Device closed = StandIn.open(true);
    closed.close();
    assertThatThrownBy(() -> CudaPointers.wrap(closed, address, DType.F32, FOUR))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("cuda is closed");
  }
}
