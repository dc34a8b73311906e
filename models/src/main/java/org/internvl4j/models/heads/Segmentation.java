package org.internvl4j.models.heads;

/// Of which class each pixel of a picture is.
///
/// @param classes how many there are
/// @param ids `[height, width]`, each from 0 to `classes - 1`
public record Segmentation(int width, int height, int classes, short[] ids) {
  /// The class of a pixel.
  public int id(int x, int y) {
    return ids[y * width + x] & 0xffff;
  }

  /// How much of the picture is of each class, from 0 to 1.
  public double[] shares() {
    long[] counts = new long[classes];
    for (short id : ids) {
      counts[id & 0xffff]++;
    }
    double[] shares = new double[classes];
    for (int i = 0; i < classes; i++) {
      shares[i] = (double) counts[i] / ids.length;
    }
    return shares;
  }
}
