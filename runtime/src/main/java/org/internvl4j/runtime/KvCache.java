package org.internvl4j.runtime;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/// Rotated keys and values of every layer of one sequence, each layer's on its own device, in pages
/// of a [KvPool] a device.
///
/// Belongs to a session, which closes it. One thread at a time. Has pools of its own, which grow
/// with it, or pages of pools that it shares with other sequences. Which pages it has and how many
/// tokens it holds is also in devices' memory, where kernels read it and count it on: a recorded
/// step ([Device#record]) goes on where the last one ended, in pages that were added since.
///
/// A pass is [#begin], then for each layer [#ropeAppend], then [#count] on each device; [#advance]
/// when all are through. One that is given up in between counts for nothing.
public final class KvCache implements AutoCloseable {
  /// Numbers that a table of pages has room for at first: growing it ends recorded steps.
  private static final int FEWEST = 32;

  private static final int MOST_AHEAD = 4096; // tokens that a pool grows by unasked

  private final String owner;
  private final boolean ownsPools;
  private final List<Part> parts = new ArrayList<>();
  private final List<Part> partOf = new ArrayList<>(); // of each layer
  private final int[] heldArray = new int[1];
  private final MemorySegment held = MemorySegment.ofArray(heldArray);
  private Object place = new Object();
  private int length;
  private boolean passing; // then devices may have counted what is not held

  /// A cache on one device, with a pool of its own.
  ///
  /// @param layers decoder layers
  /// @param kvHeads key/value heads a layer
  /// @param headDim width of a head
  /// @param owner who closes it, for messages
  public KvCache(Device device, int layers, int kvHeads, int headDim, String owner) {
    this(Collections.nCopies(layers, device), kvHeads, headDim, owner);
  }

  /// A cache with pools of its own.
  ///
  /// @param devices where each decoder layer computes
  /// @param kvHeads key/value heads a layer
  /// @param headDim width of a head
  /// @param owner who closes it, for messages
  public KvCache(List<Device> devices, int kvHeads, int headDim, String owner) {
    this(ownPools(devices, kvHeads, headDim, owner), owner, true);
  }

  /// A cache with pages of pools that somebody else closes, after it.
  ///
  /// @param pools one for each run of layers on a device, in the order of layers
  /// @param owner who closes it, for messages
  public KvCache(List<KvPool> pools, String owner) {
    this(pools, owner, false);
  }

  private KvCache(List<KvPool> pools, String owner, boolean ownsPools) {
    this.owner = owner;
    this.ownsPools = ownsPools;
    for (KvPool pool : pools) {
      Part part = new Part(pool);
      parts.add(part);
      partOf.addAll(Collections.nCopies(pool.layers(), part));
    }
  }

  @SuppressWarnings("ReferenceEquality") // a device is itself
  private static List<KvPool> ownPools(
      List<Device> devices, int kvHeads, int headDim, String owner) {
    List<KvPool> pools = new ArrayList<>();
    for (int from = 0; from < devices.size(); ) {
      Device device = devices.get(from);
      int to = from;
      while (to < devices.size() && devices.get(to) == device) {
        to++;
      }
      pools.add(new KvPool(device, to - from, kvHeads, headDim, device.pageTokens(), 0, owner));
      from = to;
    }
    return pools;
  }

  /// Adds the numbers of the pages that it has, those on the first device; others have as many.
  public void addPagesTo(BitSet pages) {
    Part part = parts.getFirst();
    for (int i = 0; i < part.count; i++) {
      pages.set(part.numbers[i]);
    }
  }

  /// The layers on one device.
  private final class Part {
    private final KvPool pool;
    private final int first; // layer
    private final Device device;
    private final Memory positionMemory;
    private final Tensor position;
    private final Mask mask;
    private final List<Pages> pages = new ArrayList<>(); // of each layer
    private Memory tableMemory;
    private int[] numbers = new int[0]; // as in the table
    private int count; // of pages that this sequence has

    Part(KvPool pool) {
      this.pool = pool;
      this.first = partOf.size();
      this.device = pool.device();
      this.tableMemory = device.allocate(0, owner);
      this.positionMemory = device.allocate(DType.I32.bytes(), owner);
      this.position = Tensor.of(positionMemory, DType.I32, Shape.of(1), device);
      this.mask = Mask.past(position);
      place();
    }

    private int capacity() {
      return Math.multiplyExact(count, pool.pageTokens());
    }

    private Tensor table() {
      return Tensor.of(tableMemory, DType.I32, Shape.of(numbers.length), device);
    }

    private Pages pages(int layer) {
      return pages.get(layer - first);
    }

    /// Says anew where pages and table lie.
    private void place() {
      pages.clear();
      for (int layer = 0; layer < pool.layers(); layer++) {
        pages.add(new Pages(pool.keys(layer), pool.values(layer), table()));
      }
      place = new Object();
    }

    /// Takes pages until there are `wanted`, or none.
    private void hold(int wanted) {
      int before = count;
      if (wanted <= before) {
        return;
      }
      if (ownsPools && wanted > pool.pages()) {
        int ahead = Math.min(pool.pages(), MOST_AHEAD / pool.pageTokens());
        pool.grow(Math.max(wanted, pool.pages() + ahead));
        lengthen(pool.pages());
      } else if (wanted > numbers.length) {
        lengthen(Math.max(wanted, Math.max(FEWEST, 2 * numbers.length)));
      }
      try {
        while (count < wanted) {
          add(pool.take());
        }
      } catch (Throwable e) {
        shrink(before);
        throw e;
      }
      write();
    }

    /// Takes a page of somebody else's.
    private void shareWith(Part other, int wanted) {
      lengthen(Math.max(wanted, FEWEST));
      for (int i = 0; i < wanted; i++) {
        pool.share(other.numbers[i]);
        add(other.numbers[i]);
      }
      write();
    }

    private void add(int page) {
      numbers[count++] = page;
    }

    private void shrink(int wanted) {
      while (count > wanted) {
        pool.release(numbers[--count]);
      }
    }

    /// Makes pages its own that tokens from `from` on would be written to.
    private void own(int from) {
      boolean changed = false;
      try {
        for (int i = from / pool.pageTokens(); i < count; i++) {
          int page = numbers[i];
          if (pool.isShared(page)) {
            numbers[i] = pool.take();
            changed = true;
            if (i * pool.pageTokens() < from) {
              pool.copy(numbers[i], page);
            }
            pool.release(page);
          }
        }
      } finally {
        if (changed) {
          write();
        }
      }
    }

    private void lengthen(int length) {
      Memory longer = device.allocate((long) length * DType.I32.bytes(), owner);
      device.synchronize();
      tableMemory.close();
      tableMemory = longer;
      numbers = Arrays.copyOf(numbers, length);
      place();
      write();
    }

    private void write() {
      table().fromHost(MemorySegment.ofArray(numbers));
    }

    /// `tokens` rows of the pages, `[tokens, K, D]`.
    private float[] read(Tensor pages, int tokens) {
      int size = pages.dim(1) * pages.dim(3);
      float[] rows = new float[tokens * size];
      for (int t = 0; t < tokens; t += pool.pageTokens()) {
        int some = Math.min(pool.pageTokens(), tokens - t);
        Tensor page = pages.select(0, numbers[t / pool.pageTokens()]).transpose(0, 1);
        float[] values = page.narrow(0, 0, some).toFloats();
        System.arraycopy(values, 0, rows, t * size, values.length);
      }
      return rows;
    }

    private void close() {
      shrink(0);
      tableMemory.close();
      positionMemory.close();
      if (ownsPools) {
        pool.close();
      }
    }
  }

  /// Tokens held.
  public int length() {
    return length;
  }

  /// Tokens that fit without growing.
  public int capacity() {
    return parts.stream().mapToInt(Part::capacity).min().orElse(0);
  }

  /// Bytes held on all devices: of its own pools, or of its pages, shared ones too.
  public long byteSize() {
    return parts.stream()
        .mapToLong(p -> ownsPools ? p.pool.byteSize() : p.count * p.pool.pageBytes())
        .sum();
  }

  /// Makes room for `tokens` tokens in all, keeping those held where they are; pools of its own
  /// that are too small move.
  ///
  /// @throws IllegalStateException if shared pools have not as many pages; nothing has changed then
  public void reserve(int tokens) {
    int[] before = parts.stream().mapToInt(part -> part.count).toArray();
    try {
      for (Part part : parts) {
        part.hold(Math.ceilDiv(tokens, part.pool.pageTokens()));
      }
    } catch (Throwable e) {
      for (int i = 0; i < before.length; i++) {
        parts.get(i).shrink(before[i]);
      }
      throw e;
    }
  }

  /// Forgets all tokens from `length` on.
  ///
  /// @throws IllegalStateException if a page that is shared was to be written to and there is none
  ///   to copy it to
  public void truncate(int length) {
    if (length < 0 || length > this.length) {
      throw new IllegalArgumentException(
          "kv cache: cannot truncate " + this.length + " tokens to " + length);
    }
    for (int i = 0; i < parts.size(); i++) {
      parts.get(i).own(length);
    }
    setLength(length);
  }

  /// A new cache that begins with the same tokens: as many of the first `tokens` as fill pages,
  /// which both then share.
  ///
  /// @param owner who closes it, for messages
  /// @throws IllegalStateException if this cache has pools of its own, which end with it
  public KvCache fork(int tokens, String owner) {
    if (ownsPools) {
      throw new IllegalStateException(
          "kv cache: the pages of " + this.owner + " are its own; share a pool to fork");
    }
    int largest = parts.stream().mapToInt(part -> part.pool.pageTokens()).max().orElse(1);
    int shared = Math.min(tokens, length) / largest * largest;
    KvCache fork = new KvCache(parts.stream().map(part -> part.pool).toList(), owner);
    for (int i = 0; i < parts.size(); i++) {
      fork.parts.get(i).shareWith(parts.get(i), shared / parts.get(i).pool.pageTokens());
    }
    fork.setLength(shared);
    return fork;
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
    for (int i = 0; i < parts.size(); i++) {
      int capacity = parts.get(i).capacity();
      if (length + tokens > capacity) {
        throw new IllegalStateException(
            "kv cache: " + (length + tokens) + " tokens do not fit its capacity " + capacity);
      }
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
    return q.ropeAppend(k, v, pages(layer), places(layer, cos, sin));
  }

  /// Keys and values of a layer, for attention under [#mask]: those held, those just appended, and
  /// room for more.
  public Pages pages(int layer) {
    return partOf.get(layer).pages(layer);
  }

  /// Where new tokens are in a layer, by angles for as many places as `cos` has rows.
  public Places places(int layer, Tensor cos, Tensor sin) {
    return new Places(cos, sin, partOf.get(layer).position);
  }

  /// What new tokens see in a layer, query `i` being the token behind those held and `i` new ones.
  public Mask mask(int layer) {
    return partOf.get(layer).mask;
  }

  /// What stays the same as long as [#pages] does: what was recorded with another one must not run
  /// any more.
  public Object memory() {
    return place;
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

  /// A copy of a layer's first keys, `[tokens, K, D]`; for tests. Waits for the device.
  public float[] keys(int layer, int tokens) {
    return partOf.get(layer).read(pages(layer).keys(), tokens);
  }

  /// A copy of a layer's first values, `[tokens, K, D]`; for tests. Waits for the device.
  public float[] values(int layer, int tokens) {
    return partOf.get(layer).read(pages(layer).values(), tokens);
  }

  @Override
  public void close() {
    parts.forEach(Part::close);
  }
}
