package org.internvl4j.media;

import org.internvl4j.media.Prepared.Format;

/// The limits of a TIFF file: size, samples, tiles, and every tag inside the file.
final class TiffFile {
  private static final int MAX_SAMPLES = 8;

  private TiffFile() {}

  static Prepared prepare(SourceFile file, PictureOptions options) {
    TiffDirectory directory = new TiffDirectory(file, 0, file.length());
    directory.checkEntries();
    long width = directory.first(TiffDirectory.WIDTH, 0);
    long height = directory.first(TiffDirectory.HEIGHT, 0);
    options.check(file.name(), width, height);
    long samples = directory.first(TiffDirectory.SAMPLES, 1);
    long bits = directory.first(TiffDirectory.BITS, 1);
    if (samples < 1 || samples > MAX_SAMPLES || bits < 1 || bits > 64) {
      throw new PictureException(
          "%s: expected a TIFF of 1 to %d samples of 1 to 64 bits, found %d of %d; convert it to PNG"
              .formatted(file.name(), MAX_SAMPLES, samples, bits));
    }
    long tileWidth = directory.first(TiffDirectory.TILE_WIDTH, 0);
    long tileHeight = directory.first(TiffDirectory.TILE_HEIGHT, 0);
    if (tileWidth != 0 || tileHeight != 0) {
      options.check(file.name(), tileWidth, tileHeight);
    }
    int orientation = TiffDirectory.orientation(file, 0, file.length());
    SourceFile clean =
        directory
            .shorts(TiffDirectory.COLOUR_MAP)
            .map(colours -> new SourceFile(file.name(), withPlainPalette(file, colours)))
            .orElse(file);
    return new Prepared(clean, Format.TIFF, orientation);
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
