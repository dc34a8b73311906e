package org.internvl4j.media;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.util.Arrays;
import org.internvl4j.media.Prepared.Canvas;
import org.internvl4j.models.image.Picture;

/// All decisions about colour: from the samples of a raster to RGB, as Pillow's `convert("RGB")`
/// makes them. Samples are taken as they lie (`BufferedImage.getRGB` would convert colour spaces
/// and shift greys); transparency is dropped, not blended.
final class RasterColours {
  private RasterColours() {}

  /// @param watch is asked for every row
  /// @throws PictureException if the colours are of a kind that has no rule here
  static Picture of(BufferedImage image, String name, Watch watch) {
    return Picture.ofRgb(image.getWidth(), image.getHeight(), rgb(image, name, watch));
  }

  /// The picture at its place on a canvas; what it leaves open has the canvas' background, and what
  /// leaves the canvas is cut off.
  static Picture onCanvas(BufferedImage image, Canvas canvas, String name, Watch watch) {
    byte[] frame = rgb(image, name, watch);
    byte[] rgb = new byte[3 * canvas.width() * canvas.height()];
    if (image.getColorModel() instanceof IndexColorModel palette
        && canvas.background() < palette.getMapSize()) {
      int colour = palette.getRGB(canvas.background());
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) (colour >> (8 * (2 - i % 3)));
      }
    }
    int width = Math.min(image.getWidth(), canvas.width() - canvas.left());
    int height = Math.min(image.getHeight(), canvas.height() - canvas.top());
    for (int y = 0; y < height && width > 0; y++) {
      int to = 3 * ((canvas.top() + y) * canvas.width() + canvas.left());
      System.arraycopy(frame, 3 * y * image.getWidth(), rgb, to, 3 * width);
    }
    return Picture.ofRgb(canvas.width(), canvas.height(), rgb);
  }

  /// A JPEG of four components, inverted as Adobe writes them and Pillow reads them.
  ///
  /// @param raster CMYK, or YCCK if `ycck`
  static Picture ofAdobe(Raster raster, boolean ycck, Watch watch) {
    int width = raster.getWidth();
    byte[] rgb = new byte[3 * width * raster.getHeight()];
    int[] row = new int[4 * width];
    int at = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      watch.look();
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int i = 0; i < row.length; i += 4) {
        if (ycck) {
          Ycc.toCmy(row, i);
        }
        for (int c = 0; c < 3; c++) {
          rgb[at++] = (byte) ink(255 - row[i + c], 255 - row[i + 3]);
        }
      }
    }
    return Picture.ofRgb(width, raster.getHeight(), rgb);
  }

  /// What one ink and black leave of the light: `(255 - k) · (1 - ink / 255)` as Pillow rounds it
  /// (`Convert.c`, `cmyk2rgb`).
  private static int ink(int ink, int black) {
    int light = 255 - black;
    int product = ink * light + 128;
    return Math.clamp(light - (((product >> 8) + product) >> 8), 0, 255);
  }

  private static byte[] rgb(BufferedImage image, String name, Watch watch) {
    Samples samples = samples(image, name);
    Raster raster = image.getRaster();
    int width = image.getWidth();
    byte[] rgb = new byte[3 * width * image.getHeight()];
    int[] row = new int[raster.getNumBands() * width];
    for (int y = 0; y < image.getHeight(); y++) {
      watch.look();
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      samples.toRgb(row, rgb, 3 * width * y);
    }
    return rgb;
  }

  /// One row of samples to RGB bytes from `at` on.
  private interface Samples {
    void toRgb(int[] row, byte[] rgb, int at);
  }

  private static Samples samples(BufferedImage image, String name) {
    ColorModel model = image.getColorModel();
    int bands = image.getRaster().getNumBands();
    if (model instanceof IndexColorModel palette) {
      return (row, rgb, at) -> indexed(palette, row, rgb, at);
    }
    Levels levels = Levels.of(image);
    int space = model.getColorSpace().getType();
    if (space == ColorSpace.TYPE_GRAY && bands <= 2) {
      return (row, rgb, at) -> grey(levels.apply(row), bands, rgb, at);
    } else if (space == ColorSpace.TYPE_RGB && (bands == 3 || bands == 4)) {
      return (row, rgb, at) -> coloured(levels.apply(row), bands, rgb, at);
    } else if (space == ColorSpace.TYPE_CMYK && bands >= 4) {
      return (row, rgb, at) -> cmyk(levels.apply(row), bands, rgb, at);
    }
    throw new PictureException(
        "%s: expected grey, RGB, CMYK or palette colours, found %d samples a pixel of colour space %d; convert it to PNG"
            .formatted(name, bands, space));
  }

  /// Indices behind the end of the palette are black.
  private static void indexed(IndexColorModel palette, int[] row, byte[] rgb, int at) {
    int size = palette.getMapSize();
    for (int i = 0; i < row.length; i++) {
      int colour = row[i] < size ? palette.getRGB(row[i]) : 0;
      rgb[at + 3 * i] = (byte) (colour >> 16);
      rgb[at + 3 * i + 1] = (byte) (colour >> 8);
      rgb[at + 3 * i + 2] = (byte) colour;
    }
  }

  private static void grey(int[] row, int bands, byte[] rgb, int at) {
    int out = at;
    for (int i = 0; i < row.length; i += bands, out += 3) {
      Arrays.fill(rgb, out, out + 3, (byte) row[i]);
    }
  }

  private static void coloured(int[] row, int bands, byte[] rgb, int at) {
    int out = at;
    for (int i = 0; i < row.length; i += bands, out += 3) {
      rgb[out] = (byte) row[i];
      rgb[out + 1] = (byte) row[i + 1];
      rgb[out + 2] = (byte) row[i + 2];
    }
  }

  private static void cmyk(int[] row, int bands, byte[] rgb, int at) {
    int out = at;
    for (int i = 0; i < row.length; i += bands) {
      for (int c = 0; c < 3; c++) {
        rgb[out++] = (byte) ink(row[i + c], row[i + 3]);
      }
    }
  }
}
