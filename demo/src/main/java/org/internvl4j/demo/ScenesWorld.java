package org.internvl4j.demo;

import java.awt.Shape;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Locale;

/// The things that the demo model's world is made of, and their names in English and Chinese.
/// Lengths are fractions of a picture's side, y downwards.
final class ScenesWorld {
  /// The colours of paper.
  static final List<Integer> BACKGROUNDS =
      List.of(0xffffff, 0xf0f0eb, 0xe1ebf5, 0xfaf4e1, 0xcdd2cd);

  private ScenesWorld() {}

  enum Colour {
    RED(222, 45, 38, "红色"),
    GREEN(49, 163, 84, "绿色"),
    BLUE(33, 102, 214, "蓝色"),
    YELLOW(247, 208, 35, "黄色"),
    ORANGE(245, 130, 32, "橙色"),
    PURPLE(129, 56, 178, "紫色"),
    BLACK(25, 25, 25, "黑色"),
    PINK(247, 131, 180, "粉色");

    final int red;
    final int green;
    final int blue;
    final String chinese;

    Colour(int red, int green, int blue, String chinese) {
      this.red = red;
      this.green = green;
      this.blue = blue;
      this.chinese = chinese;
    }
  }

  enum Form {
    CIRCLE("圆形"),
    SQUARE("正方形"),
    TRIANGLE("三角形"),
    STAR("星形"),
    DIAMOND("菱形"),
    CROSS("十字形");

    final String chinese;

    Form(String chinese) {
      this.chinese = chinese;
    }

    /// The outline around `(x, y)` with radius `r`.
    Shape outline(double x, double y, double r) {
      return switch (this) {
        case CIRCLE -> new Ellipse2D.Double(x - r, y - r, 2 * r, 2 * r);
        case SQUARE -> box(x, y, 0.88 * r, 0.88 * r);
        case TRIANGLE -> spikes(x, y, 3, r);
        case STAR -> spikes(x, y, 5, r, 0.42 * r);
        case DIAMOND -> diamond(x, y, 0.72 * r, r);
        case CROSS -> {
          Area cross = new Area(box(x, y, r, 0.33 * r));
          cross.add(new Area(box(x, y, 0.33 * r, r)));
          yield cross;
        }
      };
    }

    private static Shape box(double x, double y, double halfWidth, double halfHeight) {
      return new Rectangle2D.Double(x - halfWidth, y - halfHeight, 2 * halfWidth, 2 * halfHeight);
    }

    private static Shape diamond(double x, double y, double halfWidth, double halfHeight) {
      Path2D path = new Path2D.Double();
      path.moveTo(x, y - halfHeight);
      path.lineTo(x + halfWidth, y);
      path.lineTo(x, y + halfHeight);
      path.lineTo(x - halfWidth, y);
      path.closePath();
      return path;
    }

    /// Points at the given radii by turns, `count` rounds of them, the first straight up.
    private static Shape spikes(double x, double y, int count, double... radii) {
      Path2D path = new Path2D.Double();
      int points = count * radii.length;
      for (int i = 0; i < points; i++) {
        double angle = 2 * Math.PI * i / points;
        double px = x + radii[i % radii.length] * Math.sin(angle);
        double py = y - radii[i % radii.length] * Math.cos(angle);
        if (i == 0) {
          path.moveTo(px, py);
        } else {
          path.lineTo(px, py);
        }
      }
      path.closePath();
      return path;
    }
  }

  enum Size {
    SMALL(0.085, 0.105, "小的"),
    LARGE(0.145, 0.165, "大的");

    final double least;
    final double most;
    final String chinese;

    Size(double least, double most, String chinese) {
      this.least = least;
      this.most = most;
      this.chinese = chinese;
    }
  }

  /// The cells of the 3 x 3 grid, row by row.
  enum Place {
    TOP_LEFT(0, 0, "at the top left", "左上角"),
    TOP(1, 0, "at the top", "上方"),
    TOP_RIGHT(2, 0, "at the top right", "右上角"),
    LEFT(0, 1, "on the left", "左边"),
    CENTER(1, 1, "in the center", "中间"),
    RIGHT(2, 1, "on the right", "右边"),
    BOTTOM_LEFT(0, 2, "at the bottom left", "左下角"),
    BOTTOM(1, 2, "at the bottom", "下方"),
    BOTTOM_RIGHT(2, 2, "at the bottom right", "右下角");

    final double x;
    final double y;
    final String english;
    final String chinese;

    Place(int column, int row, String english, String chinese) {
      x = (column + 0.5) / 3;
      y = (row + 0.5) / 3;
      this.english = english;
      this.chinese = chinese;
    }
  }

  /// A shape of a picture.
  ///
  /// @param rgb its colour as drawn, near `colour`
  /// @param x of its centre
  /// @param y of its centre
  /// @param r its radius
  record Figure(
      Form form, Colour colour, Size size, Place place, int rgb, double x, double y, double r) {
    /// `red circle`
    String name() {
      return (colour + " " + form).toLowerCase(Locale.ROOT);
    }

    /// `红色圆形`
    String chineseName() {
      return colour.chinese + form.chinese;
    }

    /// `a small red circle at the top left`
    String phrase() {
      return "a %s %s %s".formatted(lower(size), name(), place.english);
    }

    /// `左上角有一个小的红色圆形`
    String chinesePhrase() {
      return place.chinese + "有一个" + size.chinese + chineseName();
    }

    Shape outline() {
      return form.outline(x, y, r);
    }

    boolean looksLike(Figure other) {
      return form == other.form && colour == other.colour;
    }

    Figure movedTo(double newX, double newY) {
      return new Figure(form, colour, size, place, rgb, newX, newY, r);
    }
  }

  /// The English name of a thing of this world.
  static String lower(Enum<?> thing) {
    return thing.name().toLowerCase(Locale.ROOT);
  }
}
