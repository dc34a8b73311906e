package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// A bump allocator: the activations of a session, freed all together at the end of each step.
///
/// Steps that allocate in the same order get the same addresses, so there is no garbage per token
/// and a captured launch sequence can be replayed. Since every operation allocates its result here,
/// this is also where a computation is stopped: [#cancelWhen]. One thread at a time.
public final class Workspace implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private static final long FIRST_BLOCK = 1L << 20;

  private final Device device;
  private final String owner;
  private final List<Memory> blocks = new ArrayList<>();
  private int block;
  private long used; // bytes of the current block
  private long allocated; // bytes of all blocks
  private BooleanSupplier cancelled = () -> false;
  private boolean closed;

  /// @param owner who closes it, for messages: `session 1`
  public Workspace(Device device, String owner) {
    this.device = device;
    this.owner = owner;
  }

  /// The device whose memory this hands out.
  public Device device() {
    return device;
  }

  /// Bytes taken from the device so far: the high-water mark.
  public long allocatedBytes() {
    return allocated;
  }

  /// Makes every later allocation ask `cancelled` first and end in [CancellationException] once it
  /// says so.
  public void cancelWhen(BooleanSupplier cancelled) {
    this.cancelled = cancelled;
  }

  /// A new tensor with undefined contents.
  ///
  /// @throws CancellationException see [#cancelWhen]
  public Tensor allocate(DType dtype, int... dims) {
    Shape shape = Shape.of(dims);
    long offset = take(Math.multiplyExact(shape.size(), (long) dtype.bytes()));
    return Tensor.at(blocks.get(block), offset, dtype, shape, device, this);
  }

  /// A new packed matrix with undefined contents; see [Tensor#isPacked].
  ///
  /// @param bytes what the device's order needs for it
  public Tensor allocatePacked(DType dtype, Shape shape, long bytes) {
    long offset = take(bytes);
    return Tensor.packed(blocks.get(block), offset, bytes, dtype, shape, device);
  }

  /// Room for so many bytes in the current block: where it begins.
  private long take(long bytes) {
    requireRunning();
    while (block < blocks.size() && used + bytes > blocks.get(block).byteSize()) {
      block++;
      used = 0;
    }
    if (block == blocks.size()) {
      long size = Math.max(Math.max(FIRST_BLOCK, allocated), bytes);
      blocks.add(device.allocate(size, owner));
      allocated += size;
    }
    long offset = used;
    used = (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return offset;
  }

  /// Does nothing, or throws as an allocation would: for steps that allocate nothing
  /// ([Device#record]).
  ///
  /// @throws CancellationException see [#cancelWhen]
  public void requireRunning() {
    if (closed) {
      throw new IllegalStateException("workspace: " + owner + " is closed");
    }
    if (cancelled.getAsBoolean()) {
      throw new CancellationException("cancelled");
    }
  }

  /// A new tensor for activations, in the device's own dtype, with undefined contents.
  public Tensor activations(int... dims) {
    return allocate(device.activations(), dims);
  }

  /// A new f32 tensor with these values.
  ///
  /// @throws IllegalArgumentException if their number does not fit the dimensions
  public Tensor of(float[] values, int... dims) {
    Tensor t = allocate(DType.F32, dims);
    requireCount(values.length, t);
    t.fromHost(MemorySegment.ofArray(values));
    return t;
  }

  /// A new i32 tensor with these values.
  ///
  /// @throws IllegalArgumentException if their number does not fit the dimensions
  public Tensor of(int[] values, int... dims) {
    Tensor t = allocate(DType.I32, dims);
    requireCount(values.length, t);
    t.fromHost(MemorySegment.ofArray(values));
    return t;
  }

  private static void requireCount(int count, Tensor t) {
    if (count != t.shape().size()) {
      throw new IllegalArgumentException(
          "workspace: " + count + " values do not fill " + t.shape());
    }
  }

  /// Remembers the place up to which memory is in use; see [#reset].
  public long mark() {
    return ((long) block << 44) | used;
  }

  /// Frees everything allocated since `mark`. Tensors made since then must not be used again.
  public void reset(long mark) {
    block = (int) (mark >>> 44);
    used = mark & ((1L << 44) - 1);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.synchronize();
      blocks.forEach(Memory::close);
    }
  }

  static {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new ExceptionInInitializerError(
          "runtime: needs a little-endian machine, this one has " + ValueLayout.JAVA_INT.order());
    }
  }
}
