package org.internvl4j.models.image;

/// Pillow's bicubic resize as its formula reads, for comparison: one axis at a time, every weight
/// computed anew for every sample.
final class NaiveResize {
  private NaiveResize() {}

  static byte[] resize(Picture picture, int width, int height) {
    int w = picture.width();
    int h = picture.height();
    int[][][] pixels = new int[h][w][3];
    byte[] rgb = picture.rgb();
    for (int i = 0; i < rgb.length; i++) {
      pixels[i / (3 * w)][i / 3 % w][i % 3] = rgb[i] & 255;
    }
    int[][][] wide = width == w ? pixels : transpose(rows(transpose(pixels), width));
    int[][][] result = height == h ? wide : rows(wide, height);
    byte[] out = new byte[3 * width * height];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) result[i / (3 * width)][i / 3 % width][i % 3];
    }
    return out;
  }

  private static int[][][] transpose(int[][][] pixels) {
    int[][][] turned = new int[pixels[0].length][pixels.length][];
    for (int y = 0; y < pixels.length; y++) {
      for (int x = 0; x < pixels[0].length; x++) {
        turned[x][y] = pixels[y][x];
      }
    }
    return turned;
  }

  private static int[][][] rows(int[][][] in, int out) {
    int width = in[0].length;
    int[][][] result = new int[out][width][3];
    double scale = (double) in.length / out;
    double support = 2 * Math.max(scale, 1);
    for (int i = 0; i < out; i++) {
      double centre = (i + 0.5) * scale;
      int lo = Math.max(0, (int) (centre - support + 0.5));
      int hi = Math.min(in.length, (int) (centre + support + 0.5));
      double total = 0;
      for (int j = lo; j < hi; j++) {
        total += weight(j, centre, scale);
      }
      for (int x = 0; x < 3 * width; x++) {
        long sum = 1 << 21;
        for (int j = lo; j < hi; j++) {
          double weight = weight(j, centre, scale) / total * (1 << 22);
          sum += in[j][x / 3][x % 3] * (long) (weight < 0 ? weight - 0.5 : weight + 0.5);
        }
        result[i][x / 3][x % 3] = Math.clamp(sum >> 22, 0, 255);
      }
    }
    return result;
  }

  private static double weight(int j, double centre, double scale) {
    double x = Math.abs((j - centre + 0.5) * (1 / Math.max(scale, 1)));
    if (x < 1) {
      return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  }
}
