package org.internvl4j.bench.rivals;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import org.internvl4j.bench.ProductEngine;
import org.internvl4j.bench.ProductShape;
import org.internvl4j.kernels.cuda.CudaPointers;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// cuBLAS on a GPU, called through JCublas: `cublasSgemm` on memory of this project's device.
public final class JCublasProduct implements ProductEngine {
  private static final Pointer ONE = Pointer.to(new float[] {1});
  private static final Pointer ZERO = Pointer.to(new float[] {0});

  private final ProductShape shape;
  private final Device device;
  private final Memory x;
  private final Memory w;
  private final Memory y;
  private final cublasHandle handle = new cublasHandle();

  private JCublasProduct(ProductShape shape) {
    this.shape = shape;
    this.device = Devices.open("cuda", 0);
    try (Device reference = Devices.open("reference", 1);
        Workspace operands = new Workspace(reference, "operands")) {
      x = upload(shape.activations(operands));
      w = upload(shape.weights(operands));
    }
    y = device.allocate(4L * shape.rows() * shape.out(), "benchmark");
    device.synchronize();
    JCublas2.setExceptionsEnabled(true);
    JCublas2.cublasCreate(handle);
  }

  private Memory upload(Tensor t) {
    Memory memory = device.allocate(t.byteSize(), "benchmark");
    memory.write(0, t.segment().asSlice(t.byteOffset(), t.byteSize()));
    return memory;
  }

  private Pointer pointer(Memory memory) {
    int elements = Math.toIntExact(memory.byteSize() / Float.BYTES);
    Tensor all = Tensor.of(memory, DType.F32, Shape.of(elements), device);
    return new CUdeviceptr().withByteOffset(CudaPointers.address(all));
  }

  /// As `ServiceLoader` finds it.
  public static final class Provider implements ProductEngine.Provider {
    @Override
    public String name() {
      return "jcublas";
    }

    @Override
    public ProductEngine open(ProductShape shape, DType weights, int threads) {
      if (weights != DType.F32) {
        throw new IllegalArgumentException(
            "jcublas: is asked for f32 weights only, not " + weights);
      }
      try {
        JCublas2.initialize();
      } catch (UnsatisfiedLinkError e) {
        throw new IllegalStateException(
            "jcublas: left out, since libcublas.so.12 cannot be loaded; install cuBLAS 12", e);
      }
      return new JCublasProduct(shape);
    }
  }

  @Override
  public String description() {
    return "JCublas "
        + RivalVersions.of("jcuda")
        + ", "
        + device.description()
        + ", weights f32, activations f32";
  }

  @Override
  public long bytes() {
    return shape.floatBytes();
  }

  /// Column-major, as cuBLAS has it: `yᵀ = w · xᵀ`.
  @Override
  public void run() {
    JCublas2.cublasSgemm(
        handle,
        cublasOperation.CUBLAS_OP_T,
        cublasOperation.CUBLAS_OP_N,
        shape.out(),
        shape.rows(),
        shape.in(),
        ONE,
        pointer(w),
        shape.in(),
        pointer(x),
        shape.in(),
        ZERO,
        pointer(y),
        shape.out());
    JCudaDriver.cuCtxSynchronize();
  }

  @Override
  public float[] firstRow() {
    float[] row = new float[shape.out()];
    y.read(0, row, row.length);
    return row;
  }

  @Override
  public void close() {
    JCublas2.cublasDestroy(handle);
    x.close();
    w.close();
    y.close();
    device.close();
  }
}
