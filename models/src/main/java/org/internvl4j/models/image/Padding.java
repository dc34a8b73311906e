package org.internvl4j.models.image;

/// Pictures made square by a border, for checkpoints whose `config.json` says `pad2square`.
public final class Padding {
  private Padding() {}

  /// The picture in the middle of the smallest square that holds it, on the colour `trunc(255 ·
  /// mean)`; the picture itself if it is square.
  public static Picture toSquare(Picture picture, Normalization normalization) {
    int width = picture.width();
    int height = picture.height();
    if (width == height) {
      return picture;
    }
    int side = Math.max(width, height);
    byte[] square = new byte[Picture.byteCount(side, side)];
    int[] colour = normalization.background();
    for (int i = 0; i < square.length; i++) {
      square[i] = (byte) colour[i % 3];
    }
    int left = (side - width) / 2;
    int top = (side - height) / 2;
    byte[] rgb = picture.raw();
    for (int y = 0; y < height; y++) {
      System.arraycopy(rgb, 3 * width * y, square, 3 * (side * (top + y) + left), 3 * width);
    }
    return Picture.owning(side, side, square);
  }
}
