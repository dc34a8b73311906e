package org.internvl4j.parquet;

/// Snappy's raw format (format_description.txt of its sources).
final class Snappy {
  private Snappy() {}

  static byte[] unpack(Slice in, int size) {
    if (in.varint() != size) {
      throw new Damage("unpacks to another size than the %d announced".formatted(size));
    }
    Window out = new Window(size, in.left());
    while (in.left() > 0) {
      int tag = in.u8();
      int length = tag >>> 2;
      switch (tag & 3) {
        case 0 -> out.literal(in, 1 + (length < 60 ? length : in.low(length - 59)));
        case 1 -> out.repeat(in.u8() | ((tag >>> 5) << 8), 4 + (length & 7));
        case 2 -> out.repeat(in.low(2), 1 + length);
        default -> out.repeat(in.low(4), 1 + length);
      }
    }
    return out.full();
  }
}
