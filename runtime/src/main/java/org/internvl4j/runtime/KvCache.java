package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Rotated keys and values of every layer of one sequence, each layer's on its own device.
///
/// Belongs to a session, which closes it. One thread at a time. Grows in [#reserve] only, so
/// addresses stay put between two calls of it. How many tokens it holds is also in its memory,
/// where kernels read it and count it on: a recorded step ([Device#record]) goes on where the last
/// one ended.
///
/// A pass is [#begin], then for each layer [#ropeAppend], then [#count] on each device; [#advance]
/// when all are through. One that is given up in between counts for nothing.
public final class KvCache implements AutoCloseable {
  private final int kvHeads;
  private final int headDim;
  private final String owner;
  private final List<Part> parts = new ArrayList<>();
  private final List<Part> partOf = new ArrayList<>(); // of each layer
  private final int[] heldArray = new int[1];
  private final MemorySegment held = MemorySegment.ofArray(heldArray);
  private int capacity;
  private int length;
  private boolean passing; // then devices may have counted what is not held

  /// A cache on one device.
  ///
  /// @param layers decoder layers
  /// @param kvHeads key/value heads a layer
  /// @param headDim width of a head
  /// @param owner who closes it, for messages
  public KvCache(Device device, int layers, int kvHeads, int headDim, String owner) {
    this(Collections.nCopies(layers, device), kvHeads, headDim, owner);
  }

  /// @param devices where each decoder layer computes
  /// @param kvHeads key/value heads a layer
  /// @param headDim width of a head
  /// @param owner who closes it, for messages
  @SuppressWarnings("ReferenceEquality") // a device is itself
  public KvCache(List<Device> devices, int kvHeads, int headDim, String owner) {
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.owner = owner;
    for (int layer = 0; layer < devices.size(); layer++) {
      if (layer == 0 || devices.get(layer) != devices.get(layer - 1)) {
        parts.add(new Part(devices.get(layer), layer));
      }
      parts.getLast().layers++;
      partOf.add(parts.getLast());
    }
  }

  /// The layers on one device, `[layers][K][capacity][D]` for keys and values each.
  private final class Part {
    private final Device device;
    private final int first;
    private final Memory positionMemory;
    private final Tensor position;
    private final Mask mask;
    private int layers;
    private Memory memory;

    Part(Device device, int first) {
      this.device = device;
      this.first = first;
      this.memory = device.allocate(0, owner);
      this.positionMemory = device.allocate(DType.I32.bytes(), owner);
      this.position = Tensor.of(positionMemory, DType.I32, Shape.of(1), device);
      this.mask = Mask.past(position);
    }

    private long bytes(int capacity) {
      return 2L * layers * kvHeads * capacity * headDim * device.activations().bytes();
    }

    /// Moves what is held to `larger`.
    private void move(Memory larger, int grown) {
      Memory old = memory;
      if (length > 0) {
        for (int plane = 0; plane < 2 * layers; plane++) {
          plane(larger, grown, plane, length).copyFrom(plane(old, capacity, plane, length));
        }
        device.synchronize();
      }
      memory = larger;
      old.close();
    }

    private Tensor keys(int layer, int tokens) {
      return plane(memory, capacity, 2 * (layer - first), tokens);
    }

    private Tensor values(int layer, int tokens) {
      return plane(memory, capacity, 2 * (layer - first) + 1, tokens);
    }

    private Tensor plane(Memory memory, int capacity, int plane, int tokens) {
      DType dtype = device.activations();
      long offset = (long) plane * kvHeads * capacity * headDim * dtype.bytes();
      return Tensor.at(memory, offset, dtype, Shape.of(kvHeads, capacity, headDim), device, null)
          .narrow(1, 0, tokens)
          .transpose(0, 1);
    }
  }

  /// Tokens held.
  public int length() {
    return length;
  }

  /// Tokens that fit without growing.
  public int capacity() {
    return capacity;
  }

  /// Bytes held on all devices.
  public long byteSize() {
    return parts.stream().mapToLong(part -> part.memory.byteSize()).sum();
  }

  /// Makes room for `tokens` tokens in all, keeping those held.
  public void reserve(int tokens) {
    if (tokens <= capacity) {
      return;
    }
    int grown = Math.max(tokens, Math.min(2 * capacity, capacity + 4096));
    List<Memory> larger = new ArrayList<>();
    try {
      for (Part part : parts) {
        larger.add(part.device.allocate(part.bytes(grown), owner));
      }
    } catch (Throwable e) {
      larger.forEach(Memory::close);
      throw e;
    }
    for (int i = 0; i < parts.size(); i++) {
      parts.get(i).move(larger.get(i), grown);
    }
    capacity = grown;
  }

  /// Forgets all tokens from `length` on.
  public void truncate(int length) {
    if (length < 0 || length > this.length) {
      throw new IllegalArgumentException(
          "kv cache: cannot truncate " + this.length + " tokens to " + length);
    }
    setLength(length);
  }

  private void setLength(int length) {
    this.length = length;
    passing = false;
    heldArray[0] = length;
    for (int i = 0; i < parts.size(); i++) {
      parts.get(i).position.fromHost(held);
    }
  }

  /// Begins a pass of `tokens` new tokens.
  ///
  /// @throws IllegalStateException if they do not fit
  public void begin(int tokens) {
    requireRoom(tokens);
    if (passing) {
      setLength(length);
    }
    passing = true;
  }

  private void requireRoom(int tokens) {
    if (length + tokens > capacity) {
      throw new IllegalStateException(
          "kv cache: " + (length + tokens) + " tokens do not fit its capacity " + capacity);
    }
  }

  /// Rotates queries and keys to their positions and writes keys and values behind those held. See
  /// [Kernels#ropeAppend].
  ///
  /// @param layer decoder layer, from 0
  /// @param q `[T, H, D]`
  /// @param k `[T, K, D]`
  /// @param v `[T, K, D]`
  /// @param cos `[A, D/2]`, A at least T: those of position `p` in row `p mod A`
  /// @param sin `[A, D/2]`
  /// @return the queries, rotated
  public Tensor ropeAppend(int layer, Tensor q, Tensor k, Tensor v, Tensor cos, Tensor sin) {
    requireRoom(k.dim(0));
    Tensor keys = keys(layer, capacity);
    Tensor values = values(layer, capacity);
    return q.ropeAppend(k, v, cos, sin, keys, values, partOf.get(layer).position);
  }

  /// What new tokens see in a layer, query `i` being the token behind those held and `i` new ones:
  /// for attention over [#keys] and [#values] of the whole capacity.
  public Mask mask(int layer) {
    return partOf.get(layer).mask;
  }

  /// Where the keys and values lie; changes when [#reserve] moves them, and what was recorded with
  /// another one must not run any more.
  public Object memory() {
    return parts.getFirst().memory; // all parts move together
  }

  /// Counts `tokens` tokens as held on the device of a layer, as part of what it computes: after
  /// the last of its layers.
  ///
  /// @param layer any layer of that device
  public void count(int layer, int tokens) {
    partOf.get(layer).position.advance(tokens);
  }

  /// Counts `tokens` tokens, which every device has counted, as held: a pass is over.
  public void advance(int tokens) {
    length += tokens;
    passing = false;
  }

  /// Keys of a layer, `[tokens, K, D]`, a view.
  public Tensor keys(int layer, int tokens) {
    return partOf.get(layer).keys(layer, tokens);
  }

  /// Values of a layer, `[tokens, K, D]`, a view.
  public Tensor values(int layer, int tokens) {
    return partOf.get(layer).values(layer, tokens);
  }

  @Override
  public void close() {
    for (Part part : parts) {
      part.memory.close();
      part.positionMemory.close();
    }
  }
}
