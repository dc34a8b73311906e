package org.internvl4j.demo;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontFormatException;
import java.awt.Graphics2D;
import java.awt.Shape;
import java.awt.font.FontRenderContext;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.demo.ScenesWorld.Figure;
import org.jspecify.annotations.Nullable;

/// Draws figures and numbers on paper, twice as large and averaged down.
final class ScenesPainter {
  private static final List<Path> FOLDERS =
      List.of(
          Path.of("/usr/share/fonts/truetype/dejavu"),
          Path.of("/usr/share/fonts/dejavu"),
          Path.of("/usr/share/fonts/dejavu-sans-fonts"),
          Path.of("/usr/share/fonts/TTF"));
  private static final FontRenderContext OUTLINES = new FontRenderContext(null, true, true);

  private ScenesPainter() {}

  /// What lies on the paper: an outline in fractions of the side, and its colour.
  record Stain(Shape outline, int rgb) {
    static Stain of(Figure figure) {
      return new Stain(figure.outline(), figure.rgb());
    }
  }

  /// @param side pixels
  /// @param smooth whether to draw twice as large and average
  static BufferedImage paint(int side, int paper, List<Stain> stains, boolean smooth) {
    int scale = smooth ? 2 : 1;
    int large = scale * side;
    BufferedImage image = new BufferedImage(large, large, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(new Color(paper));
    graphics.fillRect(0, 0, large, large);
    AffineTransform toPixels = AffineTransform.getScaleInstance(large, large);
    for (Stain stain : stains) {
      graphics.setColor(new Color(stain.rgb));
      graphics.fill(toPixels.createTransformedShape(stain.outline));
    }
    graphics.dispose();
    return smooth ? halved(image) : image;
  }

  private static BufferedImage halved(BufferedImage image) {
    int large = image.getWidth();
    int side = large / 2;
    int[] from = image.getRGB(0, 0, large, large, null, 0, large);
    int[] to = new int[side * side];
    for (int i = 0; i < to.length; i++) {
      int at = 2 * (i / side * large + i % side);
      to[i] = mean(from[at], from[at + 1], from[at + large], from[at + large + 1]);
    }
    BufferedImage half = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    half.setRGB(0, 0, side, side, to, 0, side);
    return half;
  }

  private static int mean(int a, int b, int c, int d) {
    int rgb = 0;
    for (int shift = 0; shift < 24; shift += 8) {
      int sum =
          ((a >> shift) & 255) + ((b >> shift) & 255) + ((c >> shift) & 255) + ((d >> shift) & 255);
      rgb |= ((sum + 2) / 4) << shift;
    }
    return rgb;
  }

  /// The outline of a number, its middle at `(x, y)`.
  ///
  /// @param size of the font, a fraction of the side
  static Shape number(Font font, String digits, double size, double x, double y) {
    Shape glyphs = font.deriveFont(1000f).createGlyphVector(OUTLINES, digits).getOutline();
    Rectangle2D bounds = glyphs.getBounds2D();
    AffineTransform place = AffineTransform.getTranslateInstance(x, y);
    place.scale(size / 1000, size / 1000);
    place.translate(-bounds.getCenterX(), -bounds.getCenterY());
    return place.createTransformedShape(glyphs);
  }

  /// DejaVu Sans and its bold face where this machine has them, else none: the model has read
  /// numbers in no other.
  static List<Font> fonts() {
    return Fonts.ALL;
  }

  /// Read once, when the first number is drawn.
  private static final class Fonts {
    static final List<Font> ALL = load();

    private static List<Font> load() {
      List<Font> fonts = new ArrayList<>();
      for (String name : List.of("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")) {
        Font font = font(name);
        if (font != null) {
          fonts.add(font);
        }
      }
      return List.copyOf(fonts);
    }
  }

  private static @Nullable Font font(String name) {
    for (Path folder : FOLDERS) {
      Path file = folder.resolve(name);
      if (Files.isReadable(file)) {
        try {
          return Font.createFont(Font.TRUETYPE_FONT, file.toFile());
        } catch (IOException | FontFormatException | LinkageError _) {
          return null; // a damaged font, or a Java installed without its font library
        }
      }
    }
    return null;
  }
}
