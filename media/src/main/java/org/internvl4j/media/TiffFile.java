package org.internvl4j.media;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.internvl4j.media.Prepared.Format;

/// The limits of a TIFF file: size, samples, tiles, and every tag inside the file. What is not the
/// file's only size of something, such as tiles that are larger than the picture or a JPEG within
/// them that is larger than they are, is held against the picture's.
final class TiffFile {
  private static final int MAX_SAMPLES = 8;
  private static final int OLD_JPEG = 6;
  private static final int JPEG = 7;
  private static final byte EOI = (byte) 0xd9;
  private static final long LARGE_TILE = 1 << 22; // pixels; tiles of up to 2048 x 2048 are usual
  private static final int SHARED = 16; // times that all bytes may be used again
  private static final long MOST_WORK = 1_600_000_000; // pixels of all scans of JPEGs
  private static final long ALL_ROWS = 0xffff_ffffL;

  private final SourceFile file;
  private final TiffDirectory directory;
  private final PictureOptions options;
  private final long width;
  private final long height;

  private TiffFile(SourceFile file, PictureOptions options) {
    this.file = file;
    this.options = options;
    directory = new TiffDirectory(file, 0, file.length());
    directory.checkEntries();
    width = number(TiffDirectory.WIDTH, 0);
    height = number(TiffDirectory.HEIGHT, 0);
  }

  static Prepared prepare(SourceFile file, PictureOptions options) {
    TiffFile tiff = new TiffFile(file, options);
    options.check(file.name(), tiff.width, tiff.height);
    long sample = tiff.sampleBytes();
    long tile = tiff.tilePixels();
    tiff.checkData(tile);
    int orientation = TiffDirectory.orientation(file, 0, file.length());
    SourceFile clean =
        tiff.directory
            .shorts(TiffDirectory.COLOUR_MAP)
            .map(colours -> new SourceFile(file.name(), withPlainPalette(file, colours)))
            .orElse(file);
    return new Prepared(clean, Format.TIFF, orientation, null, tiff.memory(sample, tile));
  }

  private long number(int tag, long otherwise) {
    return directory.values(tag).findFirst().orElse(otherwise);
  }

  /// Bytes of the samples of a pixel, each in the smallest type that holds the widest.
  private long sampleBytes() {
    long samples = number(TiffDirectory.SAMPLES, 1);
    long bits = directory.values(TiffDirectory.BITS).max().orElse(1);
    long fewest = directory.values(TiffDirectory.BITS).min().orElse(1);
    if (samples < 1 || samples > MAX_SAMPLES || fewest < 1 || bits > 64) {
      throw new PictureException(
          "%s: expected a TIFF of 1 to %d samples of 1 to 64 bits, found %d of %d; convert it to PNG"
              .formatted(file.name(), MAX_SAMPLES, samples, fewest < 1 ? fewest : bits));
    }
    return samples * (bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8);
  }

  /// Pixels of a tile or strip.
  private long tilePixels() {
    long tileWidth = number(TiffDirectory.TILE_WIDTH, 0);
    long tileHeight = number(TiffDirectory.TILE_HEIGHT, 0);
    if (tileWidth == 0 && tileHeight == 0) {
      return width * Math.min(height, number(TiffDirectory.ROWS_PER_STRIP, ALL_ROWS));
    }
    options.check(file.name(), tileWidth, tileHeight);
    if (tileWidth * tileHeight > Math.max(LARGE_TILE, 4 * width * height)) {
      throw new PictureException(
          "%s: has tiles of %d x %d pixels for a picture of %d x %d; convert it to PNG"
              .formatted(file.name(), tileWidth, tileHeight, width, height));
    }
    return tileWidth * tileHeight;
  }

  /// The decoder's image and two copies of a tile, as it is unpacked and as it is put together;
  /// afterwards the image and the picture.
  private long memory(long sample, long tile) {
    return sample * width * height + Math.max(2 * sample * tile, 3 * width * height);
  }

  /// What the decoder allocates and does for packed tiles.
  private void checkData(long tile) {
    long compression = number(TiffDirectory.COMPRESSION, 1);
    if (compression == OLD_JPEG) {
      throw new PictureException(
          file.name()
              + ": the TIFF holds a JPEG of the old style (compression 6); convert it to PNG");
    }
    if (compression == 1) {
      return;
    }
    boolean tiles = directory.values(TiffDirectory.TILE_OFFSETS).findAny().isPresent();
    long[] lengths =
        directory.values(tiles ? TiffDirectory.TILE_BYTES : TiffDirectory.STRIP_BYTES).toArray();
    long sum = LongStream.of(lengths).sum();
    if (LongStream.of(lengths).anyMatch(length -> length > file.length())
        || sum > (long) SHARED * file.length()) {
      throw file.damaged("its TIFF strips or tiles have %d bytes".formatted(sum));
    }
    if (compression == JPEG) {
      long[] offsets =
          directory
              .values(tiles ? TiffDirectory.TILE_OFFSETS : TiffDirectory.STRIP_OFFSETS)
              .toArray();
      checkJpegs(offsets, lengths, tile);
    }
  }

  private void checkJpegs(long[] offsets, long[] lengths, long tile) {
    byte[] tables = new byte[(int) directory.values(TiffDirectory.JPEG_TABLES).count()];
    int[] at = {0};
    directory.values(TiffDirectory.JPEG_TABLES).forEach(b -> tables[at[0]++] = (byte) b);
    long work = 0;
    for (int i = 0; i < offsets.length; i++) {
      long end = i < lengths.length ? offsets[i] + lengths[i] : -1;
      if (end < 0 || end > file.length()) {
        throw file.cutOff("a JPEG of the TIFF");
      }
      JpegScans scans = scans(tables, (int) offsets[i], (int) end);
      String tooMany = scans.tooMany();
      if (tooMany != null) {
        throw PictureException.aboveLimit(file.name() + ": " + tooMany, "convert it to PNG");
      }
      if (!scans.ended() || scans.pixels() > 2 * tile + LARGE_TILE) {
        throw file.damaged("a JPEG of the TIFF does not end or is larger than its tile");
      }
      work += scans.work();
    }
    if (work > MOST_WORK) {
      throw PictureException.aboveLimit(
          "%s: the JPEGs of the TIFF have scans of %d pixels, more than the limit of %d"
              .formatted(file.name(), work, MOST_WORK),
          "convert it to PNG");
    }
  }

  /// The scans of a JPEG as the decoder gets it: behind the tables that all have in common, if
  /// there are some, less their end mark and its own start mark.
  private JpegScans scans(byte[] tables, int from, int end) {
    if (tables.length == 0) {
      return JpegScans.of(file.bytes(), from, end);
    }
    int kept = tables.length;
    for (int at = tables.length - 2; at > 0 && kept == tables.length; at--) {
      kept = tables[at] == -1 && tables[at + 1] == EOI ? at : kept;
    }
    int begin = file.hasAt(from, "\u00ff\u00d8") ? Math.min(from + 2, end) : from;
    byte[] jpeg = Arrays.copyOf(tables, kept + end - begin);
    System.arraycopy(file.bytes(), begin, jpeg, kept, end - begin);
    return JpegScans.ofAll(jpeg);
  }

  /// Palette colours have 16 bits, of which Pillow takes the high byte where the JDK rounds; with
  /// both bytes alike they agree.
  private static byte[] withPlainPalette(SourceFile file, TiffDirectory.Shorts colours) {
    byte[] bytes = file.bytes().clone();
    for (int i = 0; i < colours.count(); i++) {
      bytes[colours.low(i)] = bytes[colours.high(i)];
    }
    return bytes;
  }
}
