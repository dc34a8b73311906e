package org.internvl4j.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A stretch of a device's memory with one owner, who closes it.
public interface Memory extends AutoCloseable {
  /// Size in bytes.
  long byteSize();

  /// Who closes it, in words for messages: `model InternVL2-1B`.
  String owner();

  /// False once the owner closed it.
  boolean isOpen();

  /// The bytes, where Java can read them.
  ///
  /// @throws UnsupportedOperationException if they lie on another device: use [Tensor#toHost]
  MemorySegment segment();

  /// Copies bytes out, as they are when every kernel called before has finished.
  ///
  /// @param from the first one
  /// @param to as many as go into it; a Java array's or native memory
  void read(long from, MemorySegment to);

  /// [#read] of `count` f32 into `to` from its start on, allocating nothing where Java reads the
  /// memory itself.
  default void read(long from, float[] to, int count) {
    read(from, MemorySegment.ofArray(to).asSlice(0, count * (long) Float.BYTES));
  }

  /// [#read] of `count` i32 into `to` from its start on, allocating nothing where Java reads the
  /// memory itself.
  default void read(long from, int[] to, int count) {
    read(from, MemorySegment.ofArray(to).asSlice(0, count * (long) Integer.BYTES));
  }

  /// Copies bytes in, before any kernel that is called later reads them.
  ///
  /// @param to where the first one goes
  /// @param from a Java array's or native memory, which may change once this returns
  void write(long to, MemorySegment from);

  @Override
  void close();

  /// New zeroed memory of this process, 64-byte aligned, usable from every thread.
  ///
  /// @param bytes how many
  /// @param owner who will close it
  @SuppressWarnings("MustBeClosedChecker") // the memory closes its arena
  static Memory host(long bytes, String owner) {
    Arena arena = Arena.ofShared();
    return new HostMemory(arena.allocate(Math.max(bytes, 1), 64), owner, arena);
  }

  /// Memory that exists already and that somebody else frees (a mapped file, say).
  ///
  /// @param segment native, not on the Java heap
  /// @param owner who closes it
  static Memory wrap(MemorySegment segment, String owner) {
    return new HostMemory(segment, owner, null);
  }
}
