package org.internvl4j.loader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Memory;
import org.internvl4j.runtime.Shape;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// Host memory for tensors that are made on the way from files to a device; takes none before it is
/// asked for some. The caller closes it. One thread at a time; what was made in it is for all.
public final class Scratch implements AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final String owner;
  private @Nullable Arena arena;

  /// @param owner who closes it, for messages
  public Scratch(String owner) {
    this.owner = owner;
  }

  /// A new zeroed tensor.
  ///
  /// @param device whose kernels will read it
  public Tensor tensor(DType dtype, Shape shape, Device device) {
    MemorySegment segment = allocate(Math.multiplyExact(shape.size(), dtype.bytes()));
    return Tensor.of(Memory.wrap(segment, owner), dtype, shape, device);
  }

  @SuppressWarnings("MustBeClosedChecker") // closed with this
  private MemorySegment allocate(long bytes) {
    if (arena == null) {
      arena = Arena.ofShared();
    }
    return arena.allocate(Math.max(1, bytes), ALIGNMENT);
  }

  /// Whether anything was made here.
  boolean isUsed() {
    return arena != null;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }
}
