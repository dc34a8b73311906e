package org.internvl4j.parquet;

/// Levels as runs: RLE where eight or more are equal, bit-packed groups of eight elsewhere (the
/// format's "RLE/bit-packing hybrid").
final class LevelEncoder {
  private LevelEncoder() {}

  /// Bits that hold `0 … max`.
  static int width(int max) {
    return 32 - Integer.numberOfLeadingZeros(max);
  }

  /// Writes `count` levels of at most eight bits each.
  static void encode(byte[] levels, int count, int width, ByteSink out) {
    int packed = 0; // where the group begins that is not yet written
    int at = 0;
    while (at < count) {
      int run = run(levels, at, count);
      int missing = (8 - (at - packed) % 8) % 8; // what a run must lend to the groups before it
      if (run - missing < 8) {
        at += run;
        continue;
      }
      pack(levels, packed, at + missing, width, out);
      at += missing;
      int equal = run - missing;
      out.putVarint((long) equal << 1);
      out.write(levels[at]);
      at += equal;
      packed = at;
    }
    pack(levels, packed, count, width, out);
  }

  private static int run(byte[] levels, int from, int end) {
    int at = from + 1;
    while (at < end && levels[at] == levels[from]) {
      at++;
    }
    return at - from;
  }

  /// Groups of eight; the last is filled with zeros.
  private static void pack(byte[] levels, int from, int end, int width, ByteSink out) {
    if (from == end) {
      return;
    }
    int groups = (end - from + 7) / 8;
    out.putVarint((long) groups << 1 | 1);
    for (int group = 0; group < groups; group++) {
      long bits = 0;
      for (int i = 0; i < 8; i++) {
        int at = from + 8 * group + i;
        bits |= at < end ? (long) levels[at] << (i * width) : 0;
      }
      out.putLow(bits, width);
    }
  }
}
