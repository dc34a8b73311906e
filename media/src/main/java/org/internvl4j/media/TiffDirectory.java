package org.internvl4j.media;

import java.util.Optional;
import java.util.stream.LongStream;

/// The first directory of a TIFF file or of the EXIF block of another (TIFF 6.0, section 2).
final class TiffDirectory {
  static final int WIDTH = 256;
  static final int HEIGHT = 257;
  static final int BITS = 258;
  static final int COMPRESSION = 259;
  static final int STRIP_OFFSETS = 273;
  static final int ORIENTATION = 274;
  static final int SAMPLES = 277;
  static final int ROWS_PER_STRIP = 278;
  static final int STRIP_BYTES = 279;
  static final int COLOUR_MAP = 320;
  static final int TILE_WIDTH = 322;
  static final int TILE_HEIGHT = 323;
  static final int TILE_OFFSETS = 324;
  static final int TILE_BYTES = 325;
  static final int JPEG_TABLES = 347;

  private static final int[] TYPE_BYTES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};

  private final SourceFile file;
  private final long begin;
  private final long end;
  private final boolean little;
  private final long entries;
  private final int count;

  /// @param begin where the block begins in the file
  /// @param end where it ends
  /// @throws PictureException if the directory leaves the block
  TiffDirectory(SourceFile file, long begin, long end) {
    this.file = file;
    this.begin = begin;
    this.end = end;
    little = file.hasAt(begin, "II*\0");
    if (!little && !file.hasAt(begin, "MM\0*")) {
      throw file.damaged("expected a TIFF header at byte " + begin);
    }
    long directory = begin + u32(begin + 4);
    entries = directory + 2;
    count = inside(directory, 2) ? u16(directory) : 0;
    if (count == 0 || !inside(entries, 12L * count)) {
      throw file.cutOff("its TIFF directory");
    }
  }

  /// The EXIF orientation that the block between two bytes tells, or 1, upright, if it tells none.
  static int orientation(SourceFile file, int begin, int end) {
    try {
      long value = new TiffDirectory(file, begin, end).first(ORIENTATION, 1);
      return value >= 1 && value <= 8 ? (int) value : 1;
    } catch (PictureException _) {
      return 1; // damaged EXIF data never hides a good picture
    }
  }

  private boolean inside(long at, long bytes) {
    return at >= begin && at + bytes <= end;
  }

  private int u16(long at) {
    return little ? file.u16le(at) : file.u16be(at);
  }

  private long u32(long at) {
    return little ? file.u32le(at) : file.u32be(at);
  }

  /// @throws PictureException if the values of any entry leave the block
  void checkEntries() {
    for (int i = 0; i < count; i++) {
      long at = entries + 12L * i;
      int type = u16(at + 2);
      long bytes = type < TYPE_BYTES.length ? u32(at + 4) * TYPE_BYTES[type] : 0;
      if (bytes > 4 && !inside(begin + u32(at + 8), bytes)) {
        throw file.cutOff("TIFF tag " + u16(at));
      }
    }
  }

  /// Where the values of a tag of shorts lie: begin and number; empty if there are none.
  Optional<Shorts> shorts(int tag) {
    for (int i = 0; i < count; i++) {
      long at = entries + 12L * i;
      if (u16(at) == tag && u16(at + 2) == 3 && u32(at + 4) > 2) {
        return Optional.of(new Shorts((int) (begin + u32(at + 8)), (int) u32(at + 4), little));
      }
    }
    return Optional.empty();
  }

  /// Values of two bytes each.
  ///
  /// @param begin of the first
  /// @param count how many
  /// @param little whether the low byte comes first
  record Shorts(int begin, int count, boolean little) {
    /// Where the high byte of value `i` lies.
    int high(int i) {
      return begin + 2 * i + (little ? 1 : 0);
    }

    /// Where the low byte of value `i` lies.
    int low(int i) {
      return begin + 2 * i + (little ? 0 : 1);
    }
  }

  /// The values of a tag of shorts or longs, or of [#JPEG_TABLES]; none if it is not there.
  ///
  /// @throws PictureException if it is there twice, or of another type
  LongStream values(int tag) {
    long found = -1;
    for (int i = 0; i < count; i++) {
      long at = entries + 12L * i;
      if (u16(at) == tag && found >= 0) {
        throw file.damaged("it has TIFF tag " + tag + " twice");
      }
      found = u16(at) == tag ? at : found;
    }
    return found < 0 ? LongStream.empty() : values(tag, found);
  }

  private LongStream values(int tag, long at) {
    int type = u16(at + 2);
    boolean known = tag == JPEG_TABLES ? type == 1 || type == 7 : type == 3 || type == 4;
    if (!known) {
      throw file.damaged("TIFF tag %d is of type %d, expected numbers".formatted(tag, type));
    }
    int size = TYPE_BYTES[type];
    long number = u32(at + 4);
    long where = number * size > 4 ? begin + u32(at + 8) : at + 8;
    return LongStream.range(0, number)
        .map(i ->
            switch (size) {
              case 1 -> file.u8(where + i);
              case 2 -> u16(where + 2 * i);
              default -> u32(where + 4 * i);
            });
  }

  /// The first value of a tag of bytes, shorts or longs.
  long first(int tag, long otherwise) {
    for (int i = 0; i < count; i++) {
      long at = entries + 12L * i;
      if (u16(at) == tag) {
        return value(at, otherwise);
      }
    }
    return otherwise;
  }

  private long value(long at, long otherwise) {
    int type = u16(at + 2);
    if (type < 1 || type >= TYPE_BYTES.length) {
      return otherwise;
    }
    long bytes = u32(at + 4) * TYPE_BYTES[type];
    long where = bytes > 4 ? begin + u32(at + 8) : at + 8;
    return switch (type) {
      case 1 -> file.u8(where);
      case 3 -> u16(where);
      case 4 -> u32(where);
      default -> otherwise;
    };
  }
}
