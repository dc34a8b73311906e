package org.internvl4j.media;

import java.nio.ByteBuffer;
import org.internvl4j.models.image.Picture;

/// Turning pictures upright by their EXIF orientation (EXIF 2.3, tag 274).
final class Orientation {
  private Orientation() {}

  /// @param orientation 1 to 8: bit by bit of `orientation - 1`, mirrored left to right or turned;
  ///   5 to 8 exchange the sides
  static Picture upright(Picture picture, int orientation) {
    if (orientation == 1) {
      return picture;
    }
    boolean exchanged = orientation >= 5;
    int width = exchanged ? picture.height() : picture.width();
    int height = exchanged ? picture.width() : picture.height();
    ByteBuffer from = picture.samples();
    byte[] turned = new byte[3 * width * height];
    int at = 0;
    for (int y = 0; y < height; y++) {
      Watch.INTERRUPT.look();
      for (int x = 0; x < width; x++) {
        int pixel = 3 * source(picture, orientation, x, y);
        turned[at++] = from.get(pixel);
        turned[at++] = from.get(pixel + 1);
        turned[at++] = from.get(pixel + 2);
      }
    }
    return Picture.ofRgb(width, height, turned);
  }

  /// The index of the stored pixel that belongs at `(x, y)` of the upright picture.
  private static int source(Picture picture, int orientation, int x, int y) {
    int w = picture.width();
    int right = w - 1;
    int bottom = picture.height() - 1;
    return switch (orientation) {
      case 2 -> y * w + (right - x);
      case 3 -> (bottom - y) * w + (right - x);
      case 4 -> (bottom - y) * w + x;
      case 5 -> x * w + y;
      case 6 -> (bottom - x) * w + y;
      case 7 -> (bottom - x) * w + (right - y);
      case 8 -> x * w + (right - y);
      default -> y * w + x;
    };
  }
}
