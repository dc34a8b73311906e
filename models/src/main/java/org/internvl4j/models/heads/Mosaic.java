package org.internvl4j.models.heads;

import java.util.Arrays;
import org.internvl4j.models.heads.Windows.Place;
import org.internvl4j.models.heads.Windows.Size;

/// The logits of a picture, put together from those of windows that overlap: their mean. One thread
/// at a time.
public final class Mosaic {
  private static final long MOST_VALUES = 1L << 30; // 4 GiB

  private final Windows windows;
  private final Size size;
  private final int classes;
  private final float[] sums; // [height, width, classes]
  private final int[] perRow; // windows that a pixel of it is in, for one of its columns
  private final int[] perColumn;

  /// @param size of the picture that the windows are of
  /// @throws IllegalArgumentException if that is too much
  public Mosaic(Windows windows, Size size, int classes) {
    long values = (long) size.height() * size.width() * classes;
    if (values > MOST_VALUES) {
      throw new IllegalArgumentException(
          "picture: is looked at as %d x %d pixels of %d classes, at most %d values fit; cut it"
              .formatted(size.width(), size.height(), classes, MOST_VALUES));
    }
    this.windows = windows;
    this.size = size;
    this.classes = classes;
    this.sums = new float[(int) values];
    this.perRow = new int[size.height()];
    this.perColumn = new int[size.width()];
  }

  /// Adds a window, enlarged to its side. Each place of [Windows#places] comes once.
  public void add(Place place, LogitMap logits) {
    int side = windows.side();
    Bilinear rows = new Bilinear(logits.height(), side);
    Bilinear columns = new Bilinear(logits.width(), side);
    float[] line = new float[logits.width() * classes];
    for (int y = 0; y < side; y++) {
      rows.line(logits.values(), y, line);
      int to = ((place.y() + y) * size.width() + place.x()) * classes;
      for (int x = 0; x < side; x++, to += classes) {
        columns.add(line, classes, x, sums, to);
      }
    }
    count(perRow, place.y(), place.x() == 0);
    count(perColumn, place.x(), place.y() == 0);
  }

  /// Windows are a grid: those of one row of it say how many are side by side, those of one column
  /// how many one below the other.
  private void count(int[] counts, int from, boolean first) {
    for (int i = from; first && i < from + windows.side(); i++) {
      counts[i]++;
    }
  }

  /// The means enlarged to a picture, and the largest of them at each pixel; of equal ones the
  /// first.
  public Segmentation enlarged(int width, int height) {
    short[] ids = new short[Math.multiplyExact(width, height)];
    Bilinear rows = new Bilinear(size.height(), height);
    Bilinear columns = new Bilinear(size.width(), width);
    average();
    float[] line = new float[size.width() * classes];
    float[] pixel = new float[classes];
    for (int y = 0; y < height; y++) {
      rows.line(sums, y, line);
      for (int x = 0; x < width; x++) {
        columns.line(line, x, pixel);
        ids[y * width + x] = (short) largest(pixel);
      }
    }
    return new Segmentation(width, height, classes, ids);
  }

  private void average() {
    for (int y = 0; y < size.height(); y++) {
      for (int x = 0; x < size.width(); x++) {
        int count = perRow[y] * perColumn[x];
        int from = (y * size.width() + x) * classes;
        for (int k = 0; count > 1 && k < classes; k++) {
          sums[from + k] /= count;
        }
      }
    }
    Arrays.fill(perRow, 1);
    Arrays.fill(perColumn, 1);
  }

  private static int largest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }
}
