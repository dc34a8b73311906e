package org.internvl4j.media.video;

import org.internvl4j.models.image.Picture;

/// Turns pictures by quarters of a circle.
final class QuarterTurn {
  private QuarterTurn() {}

  /// @param turns clockwise, 0 to 3
  static Picture turned(Picture picture, int turns) {
    if (turns == 0) {
      return picture;
    }
    int w = picture.width();
    int h = picture.height();
    byte[] from = picture.rgb();
    byte[] to = new byte[from.length];
    int width = turns == 2 ? w : h;
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        int at =
            switch (turns) {
              case 1 -> x * width + (h - 1 - y);
              case 2 -> (h - 1 - y) * width + (w - 1 - x);
              default -> (w - 1 - x) * width + y;
            };
        System.arraycopy(from, 3 * (y * w + x), to, 3 * at, 3);
      }
    }
    return Picture.ofRgb(width, turns == 2 ? h : w, to);
  }
}
