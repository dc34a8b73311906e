package org.internvl4j.parquet;

/// What pages of a file may take of the heap: a small file can hold pages of gigabytes.
final class Room {
  private static final long LARGEST_PAGE = 1 << 30;

  private final long all;
  private long left;

  /// @param all bytes
  Room(long all) {
    this.all = all;
    this.left = all;
  }

  /// A quarter of the heap: who reads pictures needs the rest for them.
  static Room ofHeap() {
    return new Room(Runtime.getRuntime().maxMemory() / 4);
  }

  /// Has to be called before memory is taken.
  ///
  /// @throws Damage if there is not so much
  void take(long bytes) {
    if (bytes > LARGEST_PAGE) {
      throw new Damage("a page of %d bytes, at most %d are read".formatted(bytes, LARGEST_PAGE));
    }
    if (bytes > left) {
      throw new Damage(
          "a page of %d bytes where %d of %d are taken; give Java a larger heap (-Xmx)"
              .formatted(bytes, all - left, all));
    }
    left -= bytes;
  }

  void give(long bytes) {
    left += bytes;
  }
}
