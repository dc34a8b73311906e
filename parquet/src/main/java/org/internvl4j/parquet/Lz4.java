package org.internvl4j.parquet;

/// LZ4's block format, what Parquet calls LZ4_RAW (lz4_Block_format.md of its sources).
final class Lz4 {
  private Lz4() {}

  static byte[] unpack(Slice in, int size) {
    Window out = new Window(size, in.left());
    while (in.left() > 0) {
      int token = in.u8();
      out.literal(in, length(in, token >>> 4));
      if (in.left() == 0) { // the last sequence is of literals alone
        break;
      }
      long distance = in.low(2);
      out.repeat(distance, 4 + length(in, token & 15));
    }
    return out.full();
  }

  private static long length(Slice in, int first) {
    long length = first;
    if (first == 15) {
      int more;
      do {
        more = in.u8();
        length += more;
      } while (more == 255);
    }
    return length;
  }
}
