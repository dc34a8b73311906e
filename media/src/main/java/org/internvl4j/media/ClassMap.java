package org.internvl4j.media;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.nio.file.Path;
import org.internvl4j.models.heads.Segmentation;
import org.internvl4j.models.image.Picture;

/// Pictures of segmentations: each class has a colour, always the same one.
public final class ClassMap {
  /// The most classes that a file of class numbers can tell apart.
  public static final int MOST_CLASSES = 256;

  private static final double TURN =
      0.6180339887498949; // of the circle: no two hues come near soon

  private ClassMap() {}

  /// The colour of a class, `0xRRGGBB`.
  public static int colour(int id) {
    float hue = (float) (id * TURN % 1);
    float saturation = 0.55f + 0.4f * (id / 3 % 2);
    float brightness = 0.95f - 0.25f * (id % 3);
    return Color.HSBtoRGB(hue, saturation, brightness) & 0xffffff;
  }

  /// Writes a PNG file with a palette: a pixel's value is the number of its class. What was there
  /// is replaced at once: nobody ever sees half of it.
  ///
  /// @throws IllegalArgumentException if there are more than [#MOST_CLASSES]
  /// @throws PictureException if the file cannot be written; an old one is left as it was
  public static void writePng(Segmentation segmentation, Path file) {
    if (segmentation.classes() > MOST_CLASSES) {
      throw new IllegalArgumentException(
          "class map: has %d classes, a palette has room for %d"
              .formatted(segmentation.classes(), MOST_CLASSES));
    }
    int[] palette = new int[MOST_CLASSES];
    for (int id = 0; id < palette.length; id++) {
      palette[id] = colour(id);
    }
    BufferedImage image =
        new BufferedImage(
            segmentation.width(),
            segmentation.height(),
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, MOST_CLASSES, palette, 0, false, -1, 0));
    byte[] values = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
    for (int i = 0; i < values.length; i++) {
      values[i] = (byte) segmentation.ids()[i];
    }
    Pictures.writePng(image, file);
  }

  /// The picture with the colours of its classes laid over it, half and half.
  ///
  /// @throws IllegalArgumentException if the segmentation is of a picture of another size
  public static Picture overlay(Picture picture, Segmentation segmentation) {
    if (picture.width() != segmentation.width() || picture.height() != segmentation.height()) {
      throw new IllegalArgumentException(
          "class map: is of %d x %d pixels, the picture has %d x %d"
              .formatted(
                  segmentation.width(), segmentation.height(), picture.width(), picture.height()));
    }
    byte[] rgb = picture.rgb();
    for (int i = 0; i < segmentation.ids().length; i++) {
      int colour = colour(segmentation.ids()[i] & 0xffff);
      for (int c = 0; c < 3; c++) {
        int over = (colour >> (16 - 8 * c)) & 255;
        rgb[3 * i + c] = (byte) (((rgb[3 * i + c] & 255) + over + 1) >> 1);
      }
    }
    return Picture.ofRgb(picture.width(), picture.height(), rgb);
  }
}
