package org.internvl4j.runtime;

import java.util.Arrays;

/// Memory for the keys and values of sequences on one device, in pages: a page holds some tokens in
/// all layers of that device. How many there are is the budget of all sequences together.
///
/// A page is free, or belongs to one sequence or to several that begin alike ([KvCache#fork]); each
/// counts. Belongs to whoever made it, who closes it after the caches that have pages of it. Safe
/// for use by several threads.
public final class KvPool implements AutoCloseable {
  private final Device device;
  private final int layers;
  private final int kvHeads;
  private final int headDim;
  private final int pageTokens;
  private final String owner;
  private Memory memory;
  private int[] owners; // of each page, how many
  private int[] free; // the last one is taken first
  private int freeCount;

  /// @param layers decoder layers on this device
  /// @param kvHeads key/value heads a layer
  /// @param headDim width of a head
  /// @param pageTokens tokens of a page, [Device#pageTokens] if nothing speaks against it
  /// @param pages how many: bytes by [#pageBytes()]
  /// @param owner who closes it, for messages
  /// @throws IllegalArgumentException if pages cannot have so many tokens
  public KvPool(
      Device device,
      int layers,
      int kvHeads,
      int headDim,
      int pageTokens,
      int pages,
      String owner) {
    Pages.requireSize(pageTokens);
    this.device = device;
    this.layers = layers;
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.pageTokens = pageTokens;
    this.owner = owner;
    this.memory = device.allocate(0, owner);
    this.owners = new int[0];
    this.free = new int[0];
    grow(pages);
  }

  /// Where the pages are.
  public Device device() {
    return device;
  }

  /// Decoder layers that a page holds tokens of.
  public int layers() {
    return layers;
  }

  /// Tokens of a page.
  public int pageTokens() {
    return pageTokens;
  }

  /// Bytes of a page, in all layers.
  public long pageBytes() {
    return 2L * layers * planeBytes(1);
  }

  /// How many pages there are.
  public synchronized int pages() {
    return owners.length;
  }

  /// How many of them nobody has.
  public synchronized int freePages() {
    return freeCount;
  }

  /// Bytes of all pages.
  public synchronized long byteSize() {
    return memory.byteSize();
  }

  /// Gives a free page to somebody, who is to [#release] it. What is in it is undefined.
  ///
  /// @return its number
  /// @throws IllegalStateException if there is none
  synchronized int take() {
    if (freeCount == 0) {
      throw new IllegalStateException(
          "kv pool: all " + owners.length + " pages of " + owner + " are taken");
    }
    int page = free[--freeCount];
    owners[page] = 1;
    return page;
  }

  /// Lets somebody else have a page, too.
  synchronized void share(int page) {
    owners[page]++;
  }

  /// Whether several have this page: nobody may write to it then.
  synchronized boolean isShared(int page) {
    return owners[page] > 1;
  }

  /// Ends what [#take] or [#share] began; a page that nobody has is free.
  synchronized void release(int page) {
    if (--owners[page] == 0) {
      free[freeCount++] = page;
    }
  }

  /// Copies a page, all layers.
  synchronized void copy(int to, int from) {
    for (int plane = 0; plane < 2 * layers; plane++) {
      Tensor pages = plane(memory, owners.length, plane);
      pages.select(0, to).copyFrom(pages.select(0, from));
    }
  }

  /// Keys of a layer, `[P, K, S, D]`.
  ///
  /// @param layer from 0, of those in this pool
  synchronized Tensor keys(int layer) {
    return plane(memory, owners.length, 2 * layer);
  }

  /// Values of a layer, `[P, K, S, D]`.
  synchronized Tensor values(int layer) {
    return plane(memory, owners.length, 2 * layer + 1);
  }

  /// Makes more pages, which moves all to other memory; their numbers stay.
  synchronized void grow(int pages) {
    int before = owners.length;
    Memory larger = device.allocate(2L * layers * planeBytes(pages), owner);
    Memory old = memory;
    if (freeCount < before) {
      for (int plane = 0; plane < 2 * layers; plane++) {
        plane(larger, pages, plane).narrow(0, 0, before).copyFrom(plane(old, before, plane));
      }
      device.synchronize();
    }
    memory = larger;
    old.close();
    owners = Arrays.copyOf(owners, pages);
    free = Arrays.copyOf(free, pages);
    for (int page = pages - 1; page >= before; page--) {
      free[freeCount++] = page;
    }
  }

  private long planeBytes(int pages) {
    return (long) pages * kvHeads * pageTokens * headDim * device.activations().bytes();
  }

  private Tensor plane(Memory memory, int pages, int plane) {
    Shape shape = Shape.of(pages, kvHeads, pageTokens, headDim);
    long offset = plane * planeBytes(pages);
    return Tensor.at(memory, offset, device.activations(), shape, device, null);
  }

  @Override
  public synchronized void close() {
    memory.close();
  }
}
