package org.internvl4j.media;

import org.internvl4j.media.Prepared.Format;

/// The header of a BMP file. A colour profile, embedded or named, is declared away: the file then
/// says sRGB.
final class BmpFile {
  private static final int V5 = 124;
  private static final int COLOUR_SPACE = 14 + 56;

  /// Bit fields; the next two are whole files of their own, whose sizes nobody has checked.
  private static final int MOST_COMPRESSION = 3;

  private BmpFile() {}

  private static String inner(long compression) {
    return compression == 4 ? " (a JPEG within)" : compression == 5 ? " (a PNG within)" : "";
  }

  static Prepared prepare(SourceFile file, PictureOptions options) {
    long header = file.u32le(14);
    if (header != 12 && (header < 40 || header > V5)) {
      throw file.damaged("expected a BMP header of 12 or 40 to 124 bytes, found " + header);
    }
    long width = header == 12 ? file.u16le(18) : file.i32le(18);
    long height = header == 12 ? file.u16le(20) : Math.abs((long) file.i32le(22));
    options.check(file.name(), width, height);
    long compression = header == 12 ? 0 : file.u32le(30);
    if (compression > MOST_COMPRESSION) {
      throw new PictureException(
          "%s: expected a BMP of compression 0 to %d, found %d%s; convert it to PNG"
              .formatted(file.name(), MOST_COMPRESSION, compression, inner(compression)));
    }
    if (header < V5) {
      return new Prepared(file, Format.BMP, 1);
    }
    file.u8(14 + V5);
    byte[] plain = file.bytes().clone();
    byte[] sRgb = {'B', 'G', 'R', 's'};
    System.arraycopy(sRgb, 0, plain, COLOUR_SPACE, sRgb.length);
    return new Prepared(new SourceFile(file.name(), plain), Format.BMP, 1);
  }
}
