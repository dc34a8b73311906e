package org.internvl4j.media;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A picture file whose header has been checked against the limits, reduced to what its decoder
/// needs: colour profiles, comments and other things that the reference ignores are gone.
///
/// @param file the bytes for the decoder
/// @param format how to decode them
/// @param orientation the EXIF orientation, 1 (upright) to 8
/// @param canvas where the decoded picture lies, or null if it is the whole
/// @param memory bytes that decoding takes where 12 a pixel may be too few, or 0
record Prepared(
    SourceFile file, Format format, int orientation, @Nullable Canvas canvas, long memory) {
  Prepared(SourceFile file, Format format, int orientation, @Nullable Canvas canvas) {
    this(file, format, orientation, canvas, 0);
  }

  Prepared(SourceFile file, Format format, int orientation) {
    this(file, format, orientation, null);
  }

  /// Whether the reference, too, turns the picture upright: Pillow does so with TIFF alone.
  boolean alwaysUpright() {
    return format == Format.TIFF;
  }

  /// The canvas of an animation, which its first frame may cover only in part.
  ///
  /// @param width pixels
  /// @param height pixels
  /// @param left of the frame
  /// @param top of the frame
  /// @param background palette index of what the frame leaves open; without a palette it is black
  record Canvas(int width, int height, int left, int top, int background) {}

  /// The picture formats.
  enum Format {
    JPEG,
    PNG,
    GIF,
    BMP,
    TIFF,
    WEBP
  }

  /// @throws PictureException if the file is of no known kind, damaged, or above a limit
  static Prepared of(SourceFile file, PictureOptions options) {
    if (file.length() == 0) {
      throw new PictureException(
          "%s: the file is empty, expected a picture".formatted(file.name()));
    }
    Format format = formatOf(file);
    if (format == null) {
      throw new PictureException(
          "%s: expected a JPEG, PNG, GIF, BMP, TIFF or WebP picture, found bytes %s; convert it to PNG"
              .formatted(file.name(), file.firstBytes()));
    }
    return switch (format) {
      case JPEG -> JpegFile.prepare(file, options);
      case PNG -> PngFile.prepare(file, options);
      case GIF -> GifFile.prepare(file, options);
      case BMP -> BmpFile.prepare(file, options);
      case TIFF -> TiffFile.prepare(file, options);
      case WEBP -> WebpFile.prepare(file, options);
    };
  }

  private static @Nullable Format formatOf(SourceFile file) {
    Predicate<String> starts = file::startsWith;
    if (starts.test("\u00ff\u00d8\u00ff")) {
      return Format.JPEG;
    } else if (starts.test(PngFile.SIGNATURE)) {
      return Format.PNG;
    } else if (starts.test("GIF87a") || starts.test("GIF89a")) {
      return Format.GIF;
    } else if (starts.test("II*\0") || starts.test("MM\0*")) {
      return Format.TIFF;
    } else if (starts.test("RIFF") && file.hasAt(8, "WEBP")) {
      return Format.WEBP;
    }
    return starts.test("BM") ? Format.BMP : null;
  }
}
