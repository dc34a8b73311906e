package org.internvl4j.models.image;

import java.util.Arrays;
import java.util.concurrent.CancellationException;

/// Resizing, bit for bit as Pillow's `Image.resize` does it on 8-bit RGB.
///
/// Rows first, rounded to 8 bits, then columns; a pass whose size does not change is left out. Rows
/// are resized when a column first needs them and kept only as long as one does, so memory beside
/// the result stays below a few rows times the factor by which the height shrinks. Work is in
/// proportion to the old height times the new width, however narrow the picture was: it ends early
/// where its thread is interrupted.
public final class Resize {
  private Resize() {}

  /// `source` in the size `width` x `height`, bicubic; `source` itself if that is its size.
  ///
  /// @throws IllegalArgumentException if a side is below 1 or the result does not fit an array
  /// @throws CancellationException if this thread is interrupted, and stays it
  public static Picture bicubic(Picture source, int width, int height) {
    byte[] out = new byte[Picture.byteCount(width, height)];
    if (source.width() == width && source.height() == height) {
      return source;
    }
    Rows rows = new Rows(source, width, height);
    if (source.height() == height) {
      for (int y = 0; y < height; y++) {
        System.arraycopy(rows.get(y), rows.offset(y), out, 3 * width * y, 3 * width);
      }
    } else {
      resizeColumns(rows, new Bicubic(source.height(), height), width, out);
    }
    return Picture.owning(width, height, out);
  }

  private static void resizeColumns(Rows rows, Bicubic columns, int width, byte[] out) {
    int[] sums = new int[3 * width];
    for (int y = 0; y < columns.out(); y++) {
      requireWanted();
      Arrays.fill(sums, Bicubic.HALF);
      for (int j = 0; j < columns.taps(y); j++) {
        int from = columns.first(y) + j;
        accumulate(sums, rows.get(from), rows.offset(from), columns.weight(y, j));
      }
      int start = 3 * width * y;
      for (int x = 0; x < sums.length; x++) {
        out[start + x] = Bicubic.clamp(sums[x]);
      }
    }
  }

  private static void requireWanted() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("resize: was interrupted");
    }
  }

  private static void accumulate(int[] sums, byte[] row, int offset, int weight) {
    for (int x = 0; x < sums.length; x++) {
      sums[x] += (row[offset + x] & 255) * weight;
    }
  }

  /// The rows of a picture in the new width, the last few of them kept.
  private static final class Rows {
    private final byte[] source;
    private final int sourceWidth;
    private final Bicubic axis;
    private final boolean unchanged;
    private final byte[][] ring;
    private final int[] held;

    Rows(Picture picture, int width, int height) {
      source = picture.raw();
      sourceWidth = picture.width();
      unchanged = sourceWidth == width;
      axis = new Bicubic(sourceWidth, width);
      int window = unchanged ? 0 : window(picture.height(), height);
      ring = new byte[window][];
      held = new int[window];
      Arrays.fill(held, -1);
    }

    private static int window(int from, int to) {
      return from == to ? 1 : new Bicubic(from, to).maxTaps();
    }

    byte[] get(int y) {
      if (unchanged) {
        return source;
      }
      int slot = y % ring.length;
      byte[] row = ring[slot];
      if (row == null) {
        row = new byte[3 * axis.out()];
        ring[slot] = row;
      }
      if (held[slot] != y) {
        requireWanted();
        axis.resizeRow(source, 3 * sourceWidth * y, row);
        held[slot] = y;
      }
      return row;
    }

    /// Where row `y` begins in the array that [#get] returns.
    int offset(int y) {
      return unchanged ? 3 * sourceWidth * y : 0;
    }
  }
}
