package org.internvl4j.parquet;

/// Numbers in the format's "RLE/bit-packing hybrid", decoded one at a time.
final class Runs {
  private final Slice in;
  private final int width;
  private int left; // of the run
  private boolean packed;
  private int value; // of an RLE run
  private long bits; // of a packed run, the next number's lowest
  private int bitCount;

  /// @param width bits of each number, at most 32
  Runs(Slice in, int width) {
    if (width > 32) {
      throw new Damage("numbers of " + width + " bits");
    }
    this.in = in;
    this.width = width;
  }

  /// Levels from 0 to `max`; where `max` is 0 nothing is read.
  static Runs of(Slice in, int max) {
    Runs runs = new Runs(in, LevelEncoder.width(max));
    runs.left = max == 0 ? Integer.MAX_VALUE : 0;
    return runs;
  }

  /// Single bits, packed without a header.
  static Runs packed(Slice in) {
    Runs bits = new Runs(in, 1);
    bits.packed = true;
    bits.left = Integer.MAX_VALUE;
    return bits;
  }

  int next() {
    while (left == 0) {
      begin();
    }
    left--;
    if (!packed) {
      return value;
    }
    while (bitCount < width) {
      bits |= (long) in.u8() << bitCount;
      bitCount += 8;
    }
    int number = (int) (bits & (1L << width) - 1);
    bits >>>= width;
    bitCount -= width;
    return number;
  }

  private void begin() {
    long header = in.varint();
    packed = (header & 1) == 1;
    long count = packed ? (header >>> 1) * 8 : header >>> 1;
    if (header < 0 || count > Integer.MAX_VALUE) {
      throw new Damage("a run of " + Long.toUnsignedString(header >>> 1));
    }
    left = (int) count;
    bits = 0;
    bitCount = 0;
    if (!packed) {
      value = (int) in.low((width + 7) / 8);
    }
  }
}
