package org.internvl4j.parquet;

/// DELTA_BINARY_PACKED: differences in blocks of miniblocks, decoded one at a time.
final class Deltas {
  private static final int LARGEST_BLOCK = 1 << 20;

  private final Slice in;
  private final int miniblocks;
  private final int miniblock; // values in each
  private final int[] widths;
  private int left; // values
  private long value;
  private boolean first = true;
  private long smallest; // difference of the block
  private int inBlock;
  private int inMiniblock;
  private int width;
  private int buffered; // bits of `low` that are not yet used
  private int low;

  Deltas(Slice in) {
    this.in = in;
    int block = in.count();
    miniblocks = in.count();
    left = in.count();
    value = in.zigzag();
    if (block > LARGEST_BLOCK
        || miniblocks < 1
        || block % miniblocks != 0
        || block / miniblocks % 8 != 0
        || block == 0) {
      throw new Damage("blocks of %d differences in %d parts".formatted(block, miniblocks));
    }
    miniblock = block / miniblocks;
    widths = new int[miniblocks];
    inBlock = miniblocks;
  }

  long next() {
    if (left == 0) {
      throw new Damage("fewer values than announced");
    }
    left--;
    if (first) {
      first = false;
      return value;
    }
    if (inMiniblock == 0) {
      beginMiniblock();
    }
    inMiniblock--;
    value += smallest + bits();
    return value;
  }

  /// Skips all values; what `in` has left then is what follows them.
  void skipAll() {
    long rest = left - (first ? 1L : 0L);
    while (rest > 0) {
      beginMiniblock();
      in.skip((long) miniblock * width / 8);
      rest -= miniblock;
    }
    left = 0;
  }

  private void beginMiniblock() {
    if (inBlock == miniblocks) {
      smallest = in.zigzag();
      for (int i = 0; i < miniblocks; i++) {
        widths[i] = in.u8();
      }
      inBlock = 0;
    }
    width = widths[inBlock++];
    if (width > 64) {
      throw new Damage("differences of " + width + " bits");
    }
    inMiniblock = miniblock;
    buffered = 0;
  }

  private long bits() {
    long number = 0;
    for (int have = 0; have < width; ) {
      if (buffered == 0) {
        low = in.u8();
        buffered = 8;
      }
      int take = Math.min(buffered, width - have);
      number |= (long) (low & (1 << take) - 1) << have;
      low >>>= take;
      buffered -= take;
      have += take;
    }
    return number;
  }
}
