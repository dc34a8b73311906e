package org.internvl4j.media;

/// What [Pictures] may read and how. Immutable.
///
/// @param applyOrientation whether to turn pictures upright as their EXIF data says; the reference
///   does so with TIFF alone
/// @param maxPixels most pixels of a picture, checked in the header before anything is decoded
/// @param maxSide longest side of a picture in pixels, checked likewise
/// @param maxBytes longest file in bytes, checked before it is read
public record PictureOptions(boolean applyOrientation, long maxPixels, int maxSide, int maxBytes) {
  /// Pictures as they lie, up to 100 million pixels, 65,535 pixels a side and 256 MiB a file.
  public static final PictureOptions DEFAULT =
      new PictureOptions(false, 100_000_000, 65_535, 1 << 28);

  /// @throws IllegalArgumentException if a limit is below 1
  public PictureOptions {
    if (maxPixels < 1 || maxSide < 1 || maxBytes < 1) {
      throw new IllegalArgumentException(
          "picture options: limits must be at least 1, found maxPixels %d, maxSide %d, maxBytes %d"
              .formatted(maxPixels, maxSide, maxBytes));
    }
  }

  /// The same with or without turning pictures upright.
  public PictureOptions withOrientation(boolean apply) {
    return new PictureOptions(apply, maxPixels, maxSide, maxBytes);
  }

  /// The same with another limit on pixels.
  public PictureOptions withMaxPixels(long max) {
    return new PictureOptions(applyOrientation, max, maxSide, maxBytes);
  }

  /// The same with another limit on the longer side.
  public PictureOptions withMaxSide(int max) {
    return new PictureOptions(applyOrientation, maxPixels, max, maxBytes);
  }

  /// The same with another limit on the file.
  public PictureOptions withMaxBytes(int max) {
    return new PictureOptions(applyOrientation, maxPixels, maxSide, max);
  }

  /// Checks a size that a header tells.
  void check(String name, long width, long height) {
    if (width < 1 || height < 1) {
      throw new PictureException(
          "%s: the header says %d x %d pixels, expected at least 1 x 1; the file is damaged"
              .formatted(name, width, height));
    }
    if (width > maxSide || height > maxSide) {
      throw PictureException.aboveLimit(
          "%s: the header says %d x %d pixels, a side above the limit of %d"
              .formatted(name, width, height, maxSide),
          "shrink the picture or raise maxSide");
    }
    if (width * height > maxPixels) {
      throw PictureException.aboveLimit(
          "%s: the header says %d x %d pixels, more than the limit of %d"
              .formatted(name, width, height, maxPixels),
          "shrink the picture or raise maxPixels (--max-pixels)");
    }
  }
}
