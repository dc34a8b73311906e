package org.internvl4j.kernels.cuda;

import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;

/// Device addresses for tensors and tensors for device addresses, without a copy: for programs that
/// use a GPU by other means too, in the same process.
///
/// **Contexts.** A device uses the primary context of its GPU, as the CUDA runtime and most
/// libraries do, and makes it the current one of each thread that calls it. Memory of another
/// context is refused.
///
/// **Order.** A device queues kernels and copies in one stream, which waits for no other, not for
/// the default stream either. So whoever writes a tensor's memory must have finished before kernels
/// on it are called, or have put an event that [#stream] waits for; and whoever reads what kernels
/// wrote waits for [Device#synchronize], or for an event recorded in [#stream]. Reading a tensor
/// through this library waits by itself.
///
/// Safe for use by several threads.
public final class CudaPointers {
  private static final String OWNER = "memory of another CUDA program";

  private CudaPointers() {}

  /// A contiguous tensor over memory that somebody else allocated on the device and frees.
  ///
  /// It must not be freed before the tensor was used for the last time and the device was waited
  /// for. Closing [Tensor#memory] frees nothing: from then on, use of the tensor throws, so close
  /// it before the memory goes. The tensor has no workspace until [Tensor#in] gives it one.
  ///
  /// @param device from [org.internvl4j.runtime.Devices], of the provider `cuda`
  /// @param address of the first element, a multiple of the dtype's bytes; kernels are at their
  ///   best from multiples of 16 on
  /// @param dtype how elements are stored, little-endian; not of blocks
  /// @param shape row-major without gaps, outermost dimension first
  /// @throws IllegalArgumentException if the device is another provider's, or the first or the last
  ///   byte is not in memory of this GPU and its primary context, as far as the driver knows
  /// @throws IllegalStateException if the device is closed
  public static Tensor wrap(Device device, long address, DType dtype, Shape shape) {
    CudaDevice cuda = cuda(device);
    if (dtype.isBlocks()) {
      throw new IllegalArgumentException(
          cuda.name() + ": " + dtype + " is stored in blocks, expected a dtype of single elements");
    }
    String what = shape + " " + dtype;
    if (address == 0 || address % dtype.bytes() != 0) {
      throw new IllegalArgumentException(
          "%s: %s begins at 0x%x, expected a multiple of %d bytes that is not 0"
              .formatted(cuda.name(), what, address, dtype.bytes()));
    }
    long bytes = Math.multiplyExact(shape.size(), (long) dtype.bytes());
    cuda.requireOwn(address, what + " begins at");
    cuda.requireOwn(address + Math.max(bytes, 1) - 1, what + " ends at");
    Memory memory = new CudaMemory(cuda, address, bytes, OWNER, false);
    return Tensor.of(memory, dtype, shape, device);
  }

  /// Where a tensor's first element lies on its GPU; the others follow by [Tensor#stride].
  ///
  /// The address is good until the tensor's owner closes its memory or, if that is a workspace,
  /// gives it out again.
  ///
  /// @throws IllegalArgumentException if it lies in memory of the host, or is a prepared matrix
  /// @throws IllegalStateException if its owner is closed
  public static long address(Tensor tensor) {
    if (tensor.isPacked()) {
      throw new IllegalArgumentException(
          "cuda: " + tensor + " is a prepared matrix, expected rows that its strides describe");
    }
    if (!(tensor.memory() instanceof CudaMemory memory)) {
      throw new IllegalArgumentException(
          "cuda: " + tensor + " lies on " + tensor.device().name() + ", expected a GPU");
    }
    return memory.address() + tensor.byteOffset();
  }

  /// The `CUstream` in which a device queues kernels and copies, to record events in and to wait
  /// for others'. It is the device's, which destroys it when it is closed; while a step is being
  /// recorded ([Device#record]), what others queue becomes part of it.
  ///
  /// @throws IllegalArgumentException if the device is another provider's
  /// @throws IllegalStateException if it is closed
  public static long stream(Device device) {
    return cuda(device).stream();
  }

  private static CudaDevice cuda(Device device) {
    if (!(device instanceof CudaDevice cuda)) {
      throw new IllegalArgumentException(
          "cuda: " + device.name() + " has no device addresses, expected a device of cuda");
    }
    return cuda;
  }
}
