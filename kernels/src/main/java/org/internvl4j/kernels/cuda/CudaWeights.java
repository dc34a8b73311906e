package org.internvl4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device.Role;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// How weights lie on a GPU: vectors as f32, tables in the dtype of activations, matrices likewise
/// with rows padded by zeros to a multiple of 16 bytes. Bytes go over as they are stored and are
/// converted there.
final class CudaWeights {
  private static final int CHUNK = 16;

  private CudaWeights() {}

  /// Elements from one row of a prepared matrix to the next.
  static int pitch(DType dtype, int columns) {
    int step = CHUNK / dtype.bytes();
    return Math.ceilDiv(columns, step) * step;
  }

  /// Whether the elements lie row-major without gaps, as those of a prepared matrix do if its rows
  /// need no padding.
  static boolean isDense(Tensor t) {
    return t.isPacked() ? pitch(t.dtype(), t.dim(1)) == t.dim(1) : t.isContiguous();
  }

  /// @param parts a weight, or several of one dtype whose rows go below each other
  static Tensor prepare(
      CudaDevice device, List<Tensor> parts, Role role, DType keep, Workspace model) {
    if (role == Role.MATRIX && keep.isBlocks()) {
      throw new IllegalArgumentException(
          "cuda: cannot keep weights as "
              + keep
              + ", expected those stored; open the model without --weights");
    }
    DType dtype = role == Role.VECTOR ? DType.F32 : device.activations();
    Tensor first = parts.getFirst();
    boolean here = parts.size() == 1 && first.memory() instanceof CudaMemory;
    Tensor stored = here ? first : upload(device, parts);
    Shape shape = stored.shape();
    Tensor prepared;
    if (role == Role.MATRIX) {
      long bytes = (long) shape.dim(0) * pitch(dtype, shape.dim(1)) * dtype.bytes();
      prepared = model.allocatePacked(dtype, shape, bytes);
      if (!isDense(prepared)) {
        device.zero(CudaKernels.at(prepared), bytes);
      }
    } else {
      prepared = model.allocate(dtype, shape.toArray());
    }
    device.kernels().copy(prepared, stored);
    device.synchronize(); // before the caller's memory, and ours, goes
    if (!here) {
      stored.memory().close();
    }
    return prepared;
  }

  /// The bytes of the parts on the device, one after another.
  private static Tensor upload(CudaDevice device, List<Tensor> parts) {
    long bytes = parts.stream().mapToLong(Tensor::byteSize).sum();
    Memory memory = device.allocate(bytes, "weight on its way");
    long at = 0;
    for (Tensor part : parts) {
      MemorySegment host =
          part.isContiguous()
              ? part.segment().asSlice(part.byteOffset(), part.byteSize())
              : part.toHost();
      memory.write(at, host);
      at += part.byteSize();
    }
    Tensor first = parts.getFirst();
    Shape shape =
        parts.size() == 1
            ? first.shape()
            : first.shape().with(0, parts.stream().mapToInt(part -> part.dim(0)).sum());
    return Tensor.of(memory, first.dtype(), shape, device);
  }
}
