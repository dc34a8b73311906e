package org.internvl4j.bench.rivals;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.internvl4j.bench.LaunchEngine;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.Devices;

/// JCuda's `cuLaunchKernel`, through JNI, of the very kernel that this project launches.
///
/// Its parameters are made once. This project's device is opened first, so that the loader has the
/// stand-in where there is no driver.
public final class JCudaLaunch implements LaunchEngine {
  private static final int BLOCK = 256;
  private static final int ROWS = 48; // bytes of the kernel's struct of that name
  private static final List<String> ARCHITECTURES = List.of("sm_90a", "sm_89", "sm_86", "sm_80");

  private final Device device = Devices.open("cuda", 0);
  private final CUcontext context = new CUcontext();
  private final CUdevice number = new CUdevice();
  private final CUstream stream = new CUstream();
  private final CUmodule module = new CUmodule();
  private final CUfunction function = new CUfunction();
  private final CUdeviceptr y;
  private final CUdeviceptr a;
  private final CUdeviceptr b;
  private final Pointer parameters;

  private JCudaLaunch() {
    JCudaDriver.cuInit(0);
    JCudaDriver.cuDeviceGet(number, 0);
    JCudaDriver.cuDevicePrimaryCtxRetain(context, number);
    JCudaDriver.cuCtxSetCurrent(context);
    JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING);
    load();
    JCudaDriver.setExceptionsEnabled(true);
    JCudaDriver.cuModuleGetFunction(function, module, "add_f32");
    float[] counted = new float[COLUMNS];
    float[] ones = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      counted[i] = i;
      ones[i] = 1;
    }
    y = upload(new float[COLUMNS]);
    a = upload(counted);
    b = upload(ones);
    ByteBuffer rows = ByteBuffer.allocateDirect(ROWS).order(ByteOrder.nativeOrder());
    for (int d = 0; d < 4; d++) {
      rows.putInt(1);
    }
    Pointer row = Pointer.to(rows.rewind());
    Pointer columns = Pointer.to(new int[] {COLUMNS});
    parameters = Pointer.to(Pointer.to(y), row, Pointer.to(a), row, Pointer.to(b), row, columns);
  }

  /// The stand-in's code lies beside it, a GPU's in the jar.
  private void load() {
    String standIn = System.getenv("INTERNVL4J_CUDA_LIBRARY");
    try {
      if (standIn != null) {
        byte[] code = Files.readAllBytes(Path.of(standIn).resolveSibling("add.so"));
        JCudaDriver.cuModuleLoadData(module, code);
        return;
      }
      for (String architecture : ARCHITECTURES) {
        String name = "/org/internvl4j/kernels/cuda/images/" + architecture + "/add.cubin";
        try (InputStream in = Device.class.getResourceAsStream(name)) {
          if (in != null && JCudaDriver.cuModuleLoadData(module, in.readAllBytes()) == 0) {
            return;
          }
        }
      }
      throw new DeviceException("jcuda: no code of add for this GPU");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CUdeviceptr upload(float[] values) {
    CUdeviceptr to = new CUdeviceptr();
    JCudaDriver.cuMemAlloc(to, (long) values.length * Float.BYTES);
    JCudaDriver.cuMemcpyHtoD(to, Pointer.to(values), (long) values.length * Float.BYTES);
    return to;
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements LaunchEngine.Provider {
    @Override
    public String name() {
      return "jcuda";
    }

    @Override
    public LaunchEngine open() {
      return new JCudaLaunch();
    }
  }

  @Override
  public String description() {
    return "JCuda " + RivalVersions.of("jcuda") + ", " + device.description();
  }

  @Override
  public void launch() {
    JCudaDriver.cuLaunchKernel(function, 1, 1, 1, BLOCK, 1, 1, 0, stream, parameters, null);
  }

  @Override
  public void synchronize() {
    JCudaDriver.cuStreamSynchronize(stream);
  }

  @Override
  public float[] result() {
    float[] values = new float[COLUMNS];
    JCudaDriver.cuMemcpyDtoH(Pointer.to(values), y, (long) COLUMNS * Float.BYTES);
    return values;
  }

  @Override
  public void close() {
    for (CUdeviceptr memory : List.of(y, a, b)) {
      JCudaDriver.cuMemFree(memory);
    }
    JCudaDriver.cuModuleUnload(module);
    JCudaDriver.cuStreamDestroy(stream);
    JCudaDriver.cuDevicePrimaryCtxRelease(number);
    device.close();
  }
}
