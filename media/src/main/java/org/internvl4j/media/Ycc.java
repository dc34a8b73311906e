package org.internvl4j.media;

/// YCC to CMY in the fixed-point numbers of libjpeg (`jdcolor.c`, `ycck_cmyk_convert`).
final class Ycc {
  private static final int SCALE = 16;
  private static final int HALF = 1 << (SCALE - 1);

  private Ycc() {}

  /// Replaces Y, Cb and Cr at `i` to `i + 2` by the inverse of red, green and blue.
  static void toCmy(int[] row, int i) {
    int y = row[i];
    int cb = row[i + 1] - 128;
    int cr = row[i + 2] - 128;
    int red = y + ((fix(1.40200) * cr + HALF) >> SCALE);
    int green = y + ((-fix(0.34414) * cb - fix(0.71414) * cr + HALF) >> SCALE);
    int blue = y + ((fix(1.77200) * cb + HALF) >> SCALE);
    row[i] = Math.clamp(255 - red, 0, 255);
    row[i + 1] = Math.clamp(255 - green, 0, 255);
    row[i + 2] = Math.clamp(255 - blue, 0, 255);
  }

  private static int fix(double x) {
    return (int) (x * (1 << SCALE) + 0.5);
  }
}
