package org.internvl4j.parquet;

import org.jspecify.annotations.Nullable;

/// Which literals and repetitions a block of Zstandard is made of (RFC 8878, section 3.1.1.3.2);
/// tables and offsets of the blocks before are remembered.
final class ZstdSequences {
  private final Codes literals = new Codes(9, LITERAL_BITS, 0, LITERAL_TABLE);
  private final Codes offsets = new Codes(8, OFFSET_BITS, 1, OFFSET_TABLE);
  private final Codes matches = new Codes(9, MATCH_BITS, 3, MATCH_TABLE);
  private final long[] recent = {1, 4, 8};

  /// @param block what follows its literals
  void replay(Slice block, Slice from, Window out) {
    int count = count(block);
    if (count > 0) {
      int modes = block.u8();
      literals.read(modes >>> 6, block);
      offsets.read(modes >>> 4 & 3, block);
      matches.read(modes >>> 2 & 3, block);
      BackwardBits bits = new BackwardBits(block);
      literals.first(bits);
      offsets.first(bits);
      matches.first(bits);
      for (int i = 0; i < count; i++) {
        long offset = offsets.value(bits);
        long match = matches.value(bits);
        long length = literals.value(bits);
        out.literal(from, length);
        out.repeat(distance(offset, length), match);
        if (i < count - 1) {
          literals.next(bits);
          matches.next(bits);
          offsets.next(bits);
        }
      }
      bits.requireEnd();
    }
    out.literal(from, from.left());
  }

  private static int count(Slice block) {
    int first = block.u8();
    if (first < 128) {
      return first;
    }
    return first < 255 ? ((first - 128) << 8) + block.u8() : (int) block.low(2) + 0x7f00;
  }

  /// Offsets up to 3 mean one of the three before, or, where no literals come first, the next.
  private long distance(long offset, long length) {
    long distance;
    int moved; // how many of the recent ones it comes before
    if (offset > 3) {
      distance = offset - 3;
      moved = 2;
    } else {
      int index = (int) offset - 1 + (length == 0 ? 1 : 0);
      distance = index == 3 ? recent[0] - 1 : recent[index];
      moved = Math.min(index, 2);
    }
    System.arraycopy(recent, 0, recent, 1, moved);
    recent[0] = distance;
    return distance;
  }

  /// One of the three kinds of codes: a code stands for its first value and how many bits follow.
  private static final class Codes {
    private final int mostAccurate;
    private final int[] bits;
    private final long[] firsts;
    private final FseTable predefined;
    private @Nullable FseTable table;
    private FseTable current;
    private int state;

    Codes(int mostAccurate, int[] bits, long first, FseTable predefined) {
      this.mostAccurate = mostAccurate;
      this.bits = bits;
      this.predefined = predefined;
      this.current = predefined;
      firsts = new long[bits.length];
      for (int code = 0; code < bits.length; code++) {
        firsts[code] = first;
        first += 1L << bits[code];
      }
    }

    void read(int mode, Slice in) {
      switch (mode) {
        case 0 -> table = predefined;
        case 1 -> table = FseTable.ofOne(checked(in.u8()));
        case 2 -> table = FseTable.read(in, mostAccurate, bits.length - 1);
        default -> {}
      }
      if (table == null) {
        throw new Damage("a table of a block before is missing");
      }
      current = table;
    }

    private int checked(int code) {
      if (code >= bits.length) {
        throw new Damage("code %d of %d".formatted(code, bits.length));
      }
      return code;
    }

    void first(BackwardBits in) {
      state = current.first(in);
    }

    long value(BackwardBits in) {
      int code = current.symbol(state);
      return firsts[code] + Integer.toUnsignedLong(in.read(bits[code]));
    }

    void next(BackwardBits in) {
      state = current.next(state, in);
    }
  }

  private static final int[] LITERAL_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16
  };
  private static final int[] MATCH_BITS = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
  };
  private static final int[] OFFSET_BITS = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31
  };
  private static final FseTable LITERAL_TABLE =
      FseTable.of(
          6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1,
          1, 1, 1, -1, -1, -1, -1);
  private static final FseTable MATCH_TABLE =
      FseTable.of(
          6, 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
          1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1);
  private static final FseTable OFFSET_TABLE =
      FseTable.of(
          5, 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
          -1);
}
