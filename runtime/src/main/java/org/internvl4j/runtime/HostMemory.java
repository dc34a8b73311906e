package org.internvl4j.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/// Memory of this process.
record HostMemory(MemorySegment segment, String owner, @Nullable Arena arena) implements Memory {
  HostMemory {
    if (!segment.isNative()) {
      throw new IllegalArgumentException(
          "tensor: needs native memory, not a Java array; copy it with workspace.of(values, …)");
    }
  }

  @Override
  public long byteSize() {
    return segment.byteSize();
  }

  @Override
  public boolean isOpen() {
    return segment.scope().isAlive();
  }

  @Override
  public void read(long from, MemorySegment to) {
    MemorySegment.copy(segment, from, to, 0, to.byteSize());
  }

  @Override
  public void read(long from, float[] to, int count) {
    MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, from, to, 0, count);
  }

  @Override
  public void read(long from, int[] to, int count) {
    MemorySegment.copy(segment, ValueLayout.JAVA_INT_UNALIGNED, from, to, 0, count);
  }

  @Override
  public void write(long to, MemorySegment from) {
    MemorySegment.copy(from, 0, segment, to, from.byteSize());
  }

  @Override
  public void close() {
    if (arena != null && isOpen()) {
      arena.close();
    }
  }
}
