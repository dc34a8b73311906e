package org.internvl4j.parquet;

/// A page's header, and its bytes unpacked: `PageHeader` of parquet.thrift.
final class Page {
  static final int DATA = 0;
  static final int DICTIONARY = 2;
  static final int DATA_V2 = 3;
  private static final int FIRST_LOOK = 1 << 9;
  private static final int LARGEST_HEADER = 1 << 25;

  private int kind = -1;
  private int unpacked = -1;
  private int packed = -1;
  private int checksum;
  private boolean checked;
  private int values = -1;
  private int encoding = -1;
  private int definitionEncoding;
  private int repetitionEncoding;
  private int definitionBytes;
  private int repetitionBytes;
  private boolean compressed = true;
  private int headerBytes;

  private Page() {}

  int kind() {
    return kind;
  }

  int values() {
    return values;
  }

  int encoding() {
    return encoding;
  }

  /// Bytes of the header and of what follows it in the file.
  long size() {
    return (long) headerBytes + packed;
  }

  /// Bytes of the heap that unpacking takes.
  long room(Codec codec) {
    return codec == Codec.NONE || !compressed ? packed : (long) packed + unpacked;
  }

  /// Reads a header. Most are short; some hold statistics of any size.
  ///
  /// @param end where the chunk's pages end
  static Page read(Source file, long at, long end) {
    for (int look = FIRST_LOOK; ; look *= 16) {
      int count = (int) Math.min(look, end - at);
      Page page = new Page();
      try {
        Slice in = file.read(at, count);
        page.readHeader(new ThriftReader(in));
        page.headerBytes = in.position();
      } catch (Damage e) {
        if (count == end - at || look >= LARGEST_HEADER) {
          throw e;
        }
        continue;
      }
      page.check(end - at);
      return page;
    }
  }

  private void readHeader(ThriftReader in) {
    in.top(field -> {
      switch (field) {
        case 1 -> kind = in.i32();
        case 2 -> unpacked = in.i32();
        case 3 -> packed = in.i32();
        case 4 -> {
          checksum = in.i32();
          checked = true;
        }
        case 5 -> in.struct(inner -> data(inner, in));
        case 7 -> in.struct(inner -> dictionary(inner, in));
        case 8 -> in.struct(inner -> dataV2(inner, in));
        default -> in.skip();
      }
    });
  }

  private void data(int field, ThriftReader in) {
    switch (field) {
      case 1 -> values = in.i32();
      case 2 -> encoding = in.i32();
      case 3 -> definitionEncoding = in.i32();
      case 4 -> repetitionEncoding = in.i32();
      default -> in.skip();
    }
  }

  private void dictionary(int field, ThriftReader in) {
    switch (field) {
      case 1 -> values = in.i32();
      case 2 -> encoding = in.i32();
      default -> in.skip();
    }
  }

  private void dataV2(int field, ThriftReader in) {
    switch (field) {
      case 1 -> values = in.i32();
      case 4 -> encoding = in.i32();
      case 5 -> definitionBytes = in.i32();
      case 6 -> repetitionBytes = in.i32();
      case 7 -> compressed = in.bool();
      default -> in.skip();
    }
  }

  private void check(long room) {
    if (packed < 0 || unpacked < 0 || size() > room) {
      throw new Damage(
          "a page of %d bytes, unpacked %d, where %d are left".formatted(packed, unpacked, room));
    }
    boolean known = kind == DATA || kind == DATA_V2 || kind == DICTIONARY;
    if (known && values < 0) {
      throw new Damage("a page of %d values".formatted(values));
    }
    long levels = (long) definitionBytes + repetitionBytes;
    if (definitionBytes < 0 || repetitionBytes < 0 || levels > Math.min(packed, unpacked)) {
      throw new Damage("levels of %d bytes in a page of %d".formatted(levels, packed));
    }
  }

  /// Unpacks a page of data. Room for it has been taken.
  ///
  /// @param at where it begins
  Levels unpack(Source file, long at, Codec codec, Leaf leaf) {
    Slice in = read(file, at);
    if (kind == DATA_V2) {
      Slice repetition = in.slice(repetitionBytes);
      Slice definition = in.slice(definitionBytes);
      Codec used = compressed ? codec : Codec.NONE;
      Slice plain = used.unpack(in, unpacked - definitionBytes - repetitionBytes);
      return new Levels(
          Runs.of(repetition, leaf.maxRepetition()),
          Runs.of(definition, leaf.maxDefinition()),
          plain);
    }
    Slice plain = codec.unpack(in, unpacked);
    Runs repetition = runs(plain, leaf.maxRepetition(), repetitionEncoding);
    Runs definition = runs(plain, leaf.maxDefinition(), definitionEncoding);
    return new Levels(repetition, definition, plain);
  }

  /// Unpacks a dictionary.
  Slice unpack(Source file, long at, Codec codec) {
    return codec.unpack(read(file, at), unpacked);
  }

  /// What a page of data holds.
  ///
  /// @param values those that are there, encoded
  record Levels(Runs repetition, Runs definition, Slice values) {}

  private static Runs runs(Slice in, int max, int encoding) {
    if (max == 0) {
      return Runs.of(in, 0);
    }
    if (encoding != Values.RLE) {
      throw new Damage("levels in encoding %d, %d is read".formatted(encoding, Values.RLE));
    }
    return Runs.of(in.slice(in.i32()), max);
  }

  private Slice read(Source file, long at) {
    Slice in = file.read(at + headerBytes, packed);
    if (checked && in.crc32() != checksum) {
      throw new Damage(
          "a page's checksum is %08x, %08x was written".formatted(in.crc32(), checksum));
    }
    return in;
  }
}
