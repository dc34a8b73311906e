package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// A bump allocator: the activations of a session, freed all together at the end of each step.
/// Where a model is spread over several devices, it has a part on each ([#on]).
///
/// Steps that allocate in the same order get the same addresses, so there is no garbage per token
/// and a captured launch sequence can be replayed. Since every operation allocates its result here,
/// this is also where a computation is stopped: [#cancelWhen]. One thread at a time.
public final class Workspace implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private static final long FIRST_BLOCK = 1L << 20;

  /// How far the memory of a workspace is in use, on every device: see [#reset(Mark)].
  public record Mark(long position, List<Long> parts) {}

  private final Device device;
  private final String owner;
  private final Workspace whole; // itself, or what this is a part of
  private final List<Workspace> parts = new ArrayList<>(); // on other devices
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
    this.whole = this;
  }

  private Workspace(Device device, Workspace whole) {
    this.device = device;
    this.owner = whole.owner;
    this.whole = whole;
  }

  /// The device whose memory this hands out.
  public Device device() {
    return device;
  }

  /// This workspace, or its part on another device: marked, reset, cancelled and closed with it.
  @SuppressWarnings("ReferenceEquality") // a device is itself
  public Workspace on(Device other) {
    if (other == whole.device) {
      return whole;
    }
    for (int i = 0; i < whole.parts.size(); i++) {
      if (whole.parts.get(i).device == other) {
        return whole.parts.get(i);
      }
    }
    Workspace part = new Workspace(other, whole);
    whole.parts.add(part);
    return part;
  }

  /// Bytes taken from this device so far: the high-water mark.
  public long allocatedBytes() {
    return allocated;
  }

  /// Makes every later allocation ask `cancelled` first and end in [CancellationException] once it
  /// says so.
  public void cancelWhen(BooleanSupplier cancelled) {
    whole.cancelled = cancelled;
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
    if (whole.closed) {
      throw new IllegalStateException("workspace: " + owner + " is closed");
    }
    if (whole.cancelled.getAsBoolean()) {
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

  /// Remembers how far memory is in use, on every device; see [#reset(Mark)].
  public Mark mark() {
    return new Mark(position(), parts.stream().map(Workspace::position).toList());
  }

  /// Frees everything allocated since `mark`, on every device. Tensors made since then must not be
  /// used again.
  public void reset(Mark mark) {
    rewind(mark.position);
    for (int i = 0; i < parts.size(); i++) {
      parts.get(i).rewind(i < mark.parts.size() ? mark.parts.get(i) : 0);
    }
  }

  /// Frees everything.
  public void reset() {
    rewind(0);
    parts.forEach(part -> part.rewind(0));
  }

  /// How far memory is in use on this device alone: for what stays there, and makes no garbage. See
  /// [#rewind].
  public long position() {
    return ((long) block << 44) | used;
  }

  /// Frees what was allocated on this device since it was at `position`.
  public void rewind(long position) {
    block = (int) (position >>> 44);
    used = position & ((1L << 44) - 1);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      parts.forEach(Workspace::close);
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
