package org.internvl4j.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAllocManaged;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import jcuda.CudaException;
import jcuda.Pointer;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A binding of the driver that others wrote runs on the stand-in as it is: names, parameters and
/// codes are the driver's, not merely those that this project takes them for.
final class JCudaTest {
  private static final int RTLD_NOW = 2;
  private static final int BLOCK = 256;
  private static final int COLUMNS = 3000; // several blocks, the last one not full

  @BeforeAll
  static void assume() {
    JCudaProgram.assume();
  }

  /// Bound at once, where the virtual machine binds a function at its first call and ends if it is
  /// missing.
  @Test
  void bindsEveryFunction(@TempDir Path temp) throws Throwable {
    Path library = temp.resolve("libJCudaDriver.so");
    try (InputStream in = JCudaProgram.natives().openStream();
        Arena arena = Arena.ofConfined()) {
      Files.copy(in, library);
      Linker linker = Linker.nativeLinker();
      var open =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("dlopen"),
              FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
      var error =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("dlerror"), FunctionDescriptor.of(ADDRESS));
      MemorySegment handle =
          (MemorySegment) open.invokeExact(arena.allocateFrom(library.toString()), RTLD_NOW);
      MemorySegment why = (MemorySegment) error.invokeExact();
      assertThat(handle.address())
          .as(why.address() == 0 ? "" : why.reinterpret(Long.MAX_VALUE).getString(0))
          .isNotZero();
    }
  }

  @Test
  void seesTheDevice() {
    try (JCudaProgram program = new JCudaProgram(0)) {
      int[] value = new int[1];
      cuDeviceGetCount(value);
      assertThat(value[0]).isEqualTo(Integer.parseInt(System.getenv("EMU_DEVICES")));
      byte[] name = new byte[64];
      cuDeviceGetName(name, name.length, program.device);
      assertThat(new String(name, StandardCharsets.UTF_8).trim()).isEqualTo("CPU emulation");
      cuDeviceGetAttribute(
          value, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, program.device);
      assertThat(value[0]).isEqualTo(8);
      cuDeviceGetAttribute(value, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_WARP_SIZE, program.device);
      assertThat(value[0]).isEqualTo(32);
    }
  }

  @Test
  void launchesAKernelAndTimesIt() throws IOException {
    float[] a = new float[COLUMNS];
    float[] b = new float[COLUMNS];
    float[] sum = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      a[i] = i;
      b[i] = 0.5f * i;
      sum[i] = a[i] + b[i];
    }
    try (JCudaProgram program = new JCudaProgram(0)) {
      CUmodule module = new CUmodule();
      CUfunction function = new CUfunction();
      CUevent before = new CUevent();
      CUevent after = new CUevent();
      CudaImages images = CudaImages.of(CudaPlatform.get().driver(), 0);
      cuModuleLoadData(module, images.read("add"));
      cuModuleGetFunction(function, module, "add_f32");
      cuEventCreate(before, 0);
      cuEventCreate(after, 0);
      CUdeviceptr y = program.allocate(new float[COLUMNS]);
      Pointer row = Pointer.to(oneRow());
      Pointer parameters =
          Pointer.to(
              Pointer.to(y),
              row,
              Pointer.to(program.allocate(a)),
              row,
              Pointer.to(program.allocate(b)),
              row,
              Pointer.to(new int[] {COLUMNS}));

      cuEventRecord(before, program.stream);
      int blocks = Math.ceilDiv(COLUMNS, BLOCK * 4);
      cuLaunchKernel(function, blocks, 1, 1, BLOCK, 1, 1, 0, program.stream, parameters, null);
      cuEventRecord(after, program.stream);
      cuEventSynchronize(after);

      assertThat(program.read(y, COLUMNS)).isEqualTo(sum);
      float[] milliseconds = new float[1];
      cuEventElapsedTime(milliseconds, before, after);
      assertThat(milliseconds[0]).isPositive();
      cuEventDestroy(before);
      cuEventDestroy(after);
      cuModuleUnload(module);
    }
  }

  /// `Rows` of `rows.cuh`: four sizes, four strides.
  private static ByteBuffer oneRow() {
    ByteBuffer rows = ByteBuffer.allocateDirect(48).order(ByteOrder.nativeOrder());
    for (int d = 0; d < 4; d++) {
      rows.putInt(1);
    }
    return rows.rewind();
  }

  @Test
  void isToldWhatTheStandInDoesNotHave() {
    try (JCudaProgram program = new JCudaProgram(0)) {
      assertThat(program.stream).isNotNull();
      assertThatThrownBy(() -> cuMemAllocManaged(new CUdeviceptr(), 8, 1))
          .isInstanceOf(CudaException.class)
          .hasMessage("CUDA_ERROR_NOT_SUPPORTED");
    }
  }
}
