package org.internvl4j.media;

import java.awt.image.BufferedImage;
import java.awt.image.SampleModel;

/// Samples of any width to 0 to 255, as Pillow does it: fewer than 8 bits are stretched; 16 bits
/// keep the high byte, but a picture of one 16-bit sample a pixel is clipped (modes `I;16`, `I` and
/// `F`); colours multiplied by their transparency are divided by it again.
///
/// @param bits of each sample of a pixel
/// @param premultiplied whether the last sample is a transparency that the others are multiplied by
record Levels(int[] bits, boolean premultiplied) {
  static Levels of(BufferedImage image) {
    SampleModel model = image.getSampleModel();
    return new Levels(
        model.getSampleSize(), image.getColorModel().hasAlpha() && image.isAlphaPremultiplied());
  }

  /// Converts a row of pixels in place and returns it.
  int[] apply(int[] row) {
    int bands = bits.length;
    for (int band = 0; band < bands; band++) {
      if (bits[band] != 8) {
        convert(row, band, bands, bits[band]);
      }
    }
    if (premultiplied) {
      divide(row, bands);
    }
    return row;
  }

  private static void convert(int[] row, int band, int bands, int bits) {
    for (int i = band; i < row.length; i += bands) {
      if (bits < 8) {
        row[i] = row[i] * 255 / ((1 << bits) - 1);
      } else if (bands > 1) {
        row[i] = row[i] >>> (Math.min(bits, 32) - 8) & 255;
      } else {
        row[i] = Math.clamp(row[i], 0, 255);
      }
    }
  }

  private static void divide(int[] row, int bands) {
    for (int i = 0; i < row.length; i += bands) {
      int alpha = row[i + bands - 1];
      for (int c = 0; c < bands - 1 && alpha != 0 && alpha != 255; c++) {
        row[i + c] = Math.min(255, 255 * row[i + c] / alpha);
      }
    }
  }
}
