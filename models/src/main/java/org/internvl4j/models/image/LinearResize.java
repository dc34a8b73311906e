package org.internvl4j.models.image;

/// Resizing, bit for bit as OpenCV's `resize` does it on 8-bit samples with `INTER_LINEAR`:
/// half-pixel centres, no smoothing when it shrinks, weights of 11 bits, of which a sum of products
/// loses 4 bits and then 16 before it is rounded. A picture that becomes half as large both ways is
/// averaged.
public final class LinearResize {
  private static final int ONE = 1 << 11;

  private LinearResize() {}

  /// `source` in the size `width` x `height`; `source` itself if that is its size.
  ///
  /// @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
  public static Picture resize(Picture source, int width, int height) {
    byte[] out = new byte[Picture.byteCount(width, height)];
    if (source.width() == width && source.height() == height) {
      return source;
    }
    if (source.width() == 2L * width && source.height() == 2L * height) {
      halve(source, out);
    } else {
      Axis rows = new Axis(source.height(), height);
      Lines lines = new Lines(source, width);
      for (int y = 0; y < height; y++) {
        blend(
            lines.get(rows.low[y]), rows.first[y], lines.get(rows.high[y]), rows.second[y], out, y);
      }
    }
    return Picture.owning(width, height, out);
  }

  private static void halve(Picture source, byte[] out) {
    byte[] in = source.raw();
    int line = 3 * source.width();
    int half = line / 2;
    for (int i = 0; i < out.length; i++) {
      int at = i / half * 2 * line + i % half / 3 * 6 + i % 3;
      int sum = (in[at] & 255) + (in[at + 3] & 255);
      sum += (in[at + line] & 255) + (in[at + line + 3] & 255);
      out[i] = (byte) ((sum + 2) >> 2);
    }
  }

  private static void blend(int[] upper, int a, int[] lower, int b, byte[] out, int y) {
    int start = y * upper.length;
    for (int i = 0; i < upper.length; i++) {
      int sum = ((a * (upper[i] >> 4)) >> 16) + ((b * (lower[i] >> 4)) >> 16);
      out[start + i] = (byte) Math.clamp((sum + 2) >> 2, 0, 255);
    }
  }

  /// The two samples that each result lies between, and their weights.
  private static final class Axis {
    final int[] low;
    final int[] high;
    final int[] first;
    final int[] second;

    Axis(int in, int out) {
      low = new int[out];
      high = new int[out];
      first = new int[out];
      second = new int[out];
      double scale = 1 / ((double) out / in);
      for (int i = 0; i < out; i++) {
        float at = (float) ((i + 0.5) * scale - 0.5);
        int floor = (int) Math.floor(at);
        float t = at - floor;
        low[i] = Math.clamp(floor, 0, in - 1);
        high[i] = Math.clamp(floor + 1, 0, in - 1);
        first[i] = (int) Math.rint((1 - t) * ONE);
        second[i] = (int) Math.rint(t * ONE);
      }
    }
  }

  /// The rows of a picture in the new width, the last two of them kept.
  private static final class Lines {
    private final byte[] source;
    private final int sourceLine;
    private final Axis axis;
    private final int[][] kept;
    private final int[] held = {-1, -1};

    Lines(Picture picture, int width) {
      source = picture.raw();
      sourceLine = 3 * picture.width();
      axis = new Axis(picture.width(), width);
      kept = new int[2][3 * width];
    }

    int[] get(int y) {
      int slot = y & 1;
      if (held[slot] != y) {
        held[slot] = y;
        fill(kept[slot], y * sourceLine);
      }
      return kept[slot];
    }

    private void fill(int[] line, int from) {
      for (int i = 0; i < line.length; i++) {
        int x = i / 3;
        int a = source[from + 3 * axis.low[x] + i % 3] & 255;
        int b = source[from + 3 * axis.high[x] + i % 3] & 255;
        line[i] = a * axis.first[x] + b * axis.second[x];
      }
    }
  }
}
