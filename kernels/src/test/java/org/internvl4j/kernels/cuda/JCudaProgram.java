package org.internvl4j.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuInit;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuPointerGetAttribute;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/// A program written with JCuda: a device's primary context, a stream of its own, some memory.
///
/// JCuda asks the loader for `libcuda.so.1`, and the loader gives it the library of that name that
/// is in the process already: the stand-in, which is opened first.
final class JCudaProgram implements AutoCloseable {
  final CUdevice device = new CUdevice();
  final CUcontext context = new CUcontext();
  final CUstream stream = new CUstream();
  private final List<CUdeviceptr> allocated = new ArrayList<>();

  JCudaProgram(int index) {
    assume();
    JCudaDriver.setExceptionsEnabled(true);
    cuInit(0);
    cuDeviceGet(device, index);
    cuDevicePrimaryCtxRetain(context, device);
    cuCtxSetCurrent(context);
    cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING);
  }

  /// Skips the test where there is no emulator, or no code of JCuda's for this platform.
  static void assume() {
    StandIn.assume();
    assumeTrue(natives() != null, "no native library of JCuda on the class path");
  }

  /// JCuda's native code.
  static @Nullable URL natives() {
    return JCudaProgram.class.getResource("/lib/libJCudaDriver-12.6.0-linux-x86_64.so");
  }

  CUdeviceptr allocate(float... values) {
    CUdeviceptr to = new CUdeviceptr();
    long bytes = (long) values.length * Float.BYTES;
    cuMemAlloc(to, bytes);
    allocated.add(to);
    cuMemcpyHtoDAsync(to, Pointer.to(values), bytes, stream);
    cuStreamSynchronize(stream);
    return to;
  }

  float[] read(CUdeviceptr from, int count) {
    float[] values = new float[count];
    cuMemcpyDtoHAsync(Pointer.to(values), from, (long) count * Float.BYTES, stream);
    cuStreamSynchronize(stream);
    return values;
  }

  /// The address behind a pointer, which JCuda keeps to itself.
  static long address(CUdeviceptr pointer) {
    long[] address = new long[1];
    cuPointerGetAttribute(
        Pointer.to(address), CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_POINTER, pointer);
    return address[0];
  }

  static CUdeviceptr pointer(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }

  @Override
  public void close() {
    cuCtxSetCurrent(context);
    allocated.forEach(JCudaDriver::cuMemFree);
    cuStreamDestroy(stream);
    cuDevicePrimaryCtxRelease(device);
  }
}
