package org.internvl4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.Memory;

/// A stretch of a GPU's memory, its own or somebody else's.
final class CudaMemory implements Memory {
  private final CudaDevice device;
  private final long address;
  private final long byteSize;
  private final String owner;
  private final boolean frees;
  private volatile boolean open = true;

  /// @param frees whether closing it frees it
  CudaMemory(CudaDevice device, long address, long byteSize, String owner, boolean frees) {
    this.device = device;
    this.address = address;
    this.byteSize = byteSize;
    this.owner = owner;
    this.frees = frees;
  }

  CudaDevice device() {
    return device;
  }

  /// Where it begins, as kernels name it.
  long address() {
    if (!open) {
      throw new IllegalStateException("tensor: " + owner + " is closed");
    }
    return address;
  }

  @Override
  public long byteSize() {
    return byteSize;
  }

  @Override
  public String owner() {
    return owner;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public MemorySegment segment() {
    throw new UnsupportedOperationException(
        "tensor: "
            + owner
            + " lies on "
            + device.name()
            + ", where Java cannot read it; copy it with toHost");
  }

  @Override
  public void read(long offset, MemorySegment to) {
    device.download(to, address() + offset);
  }

  @Override
  public void write(long offset, MemorySegment from) {
    device.upload(address() + offset, from);
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      if (frees) {
        device.free(address);
      }
    }
  }
}
