package org.internvl4j.media;

import org.internvl4j.media.Prepared.Canvas;
import org.internvl4j.media.Prepared.Format;

/// The blocks of a GIF file up to its first frame, the only one that is read. What it leaves open
/// of the canvas is filled as Pillow does: with the transparent colour, else with colour 0.
final class GifFile {
  private static final int FRAME = 0x2c;
  private static final int EXTENSION = 0x21;
  private static final int GRAPHIC_CONTROL = 0xf9;

  private GifFile() {}

  static Prepared prepare(SourceFile file, PictureOptions options) {
    int background = 0;
    int at = 13 + colourTable(file.u8(10));
    while (file.u8(at) != FRAME) {
      if (file.u8(at) != EXTENSION) {
        throw file.damaged(
            "expected a GIF block at byte %d, found %02x".formatted(at, file.u8(at)));
      }
      if (file.u8(at + 1L) == GRAPHIC_CONTROL && (file.u8(at + 3L) & 1) == 1) {
        background = file.u8(at + 6L);
      }
      at = skipBlocks(file, at + 2);
    }
    Canvas canvas = canvas(file, at, background);
    options.check(file.name(), canvas.width(), canvas.height());
    return new Prepared(file, Format.GIF, 1, canvas);
  }

  private static Canvas canvas(SourceFile file, int frame, int background) {
    int left = file.u16le(frame + 1L);
    int top = file.u16le(frame + 3L);
    int width = file.u16le(frame + 5L);
    int height = file.u16le(frame + 7L);
    if (width == 0 || height == 0) {
      throw file.damaged("the first GIF frame is empty");
    }
    return new Canvas(
        Math.max(file.u16le(6), left + width),
        Math.max(file.u16le(8), top + height),
        left,
        top,
        background);
  }

  private static int colourTable(int flags) {
    return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
  }

  private static int skipBlocks(SourceFile file, int at) {
    int next = at;
    while (file.u8(next) != 0) {
      next += 1 + file.u8(next);
    }
    return next + 1;
  }
}
