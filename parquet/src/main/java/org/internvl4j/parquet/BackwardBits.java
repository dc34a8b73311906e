package org.internvl4j.parquet;

/// Bits of Zstandard's streams, read from the last to the first; in front of the first are zeros.
final class BackwardBits {
  private final Slice in;
  private long left;

  /// @param in all of the stream; a mark, the highest bit that is set, ends its last byte
  BackwardBits(Slice in) {
    this.in = in;
    int last = in.left() == 0 ? 0 : in.peek(in.left() - 1);
    if (last == 0) {
      throw new Damage("a stream of bits without its end");
    }
    left = 8L * in.left() - Integer.numberOfLeadingZeros(last) + 23;
  }

  /// Bits that are left; below zero where more were read than there are.
  long left() {
    return left;
  }

  /// The next `count` bits, at most 32.
  int read(int count) {
    int bits = peek(count);
    left -= count;
    return bits;
  }

  int peek(int count) {
    long at = left - count;
    return (int) (in.peekLong(Math.floorDiv(at, 8L)) >>> (at & 7) & (1L << count) - 1);
  }

  void skip(int count) {
    left -= count;
  }

  void requireEnd() {
    if (left != 0) {
      throw new Damage("a stream with %d bits too many".formatted(left));
    }
  }
}
