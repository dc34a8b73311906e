package org.internvl4j.media;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.font.TextLayout;
import java.awt.geom.AffineTransform;
import org.internvl4j.models.grounding.Box;
import org.jspecify.annotations.Nullable;

/// One line of text on a plate, made to lie within a picture.
///
/// @param text laid out; as much of it as the picture is wide
/// @param pad pixels around it
/// @param width of the plate
/// @param height of the plate
/// @param pictureWidth the width that it must keep to
/// @param pictureHeight the height that it must keep to
record Label(TextLayout text, int pad, int width, int height, int pictureWidth, int pictureHeight) {
  private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);
  private static final int SMALLEST = 12; // pixels of a letter
  private static final int LONGEST = 100; // characters that are shown

  /// A label for boxes of a picture; null if there is nothing to write, no font, or no room.
  static @Nullable Label of(String label, int width, int height) {
    String line = line(label);
    int size = Math.max(SMALLEST, Math.min(width, height) / 30);
    int pad = Math.max(2, size / 5);
    if (line.isEmpty() || !hasFont()) {
      return null;
    }
    Font font = new Font(Font.SANS_SERIF, Font.BOLD, size);
    TextLayout text = fitting(line, font, width - 2 * pad);
    if (text == null) {
      return null;
    }
    int plateWidth = Math.min(width, (int) Math.ceil(text.getAdvance()) + 2 * pad);
    int plateHeight = (int) Math.ceil(text.getAscent() + text.getDescent()) + pad;
    return plateHeight > height
        ? null
        : new Label(text, pad, plateWidth, plateHeight, width, height);
  }

  static boolean hasFont() {
    return Fonts.FOUND;
  }

  /// The text as one line of letters that stand still: no control characters, no long white space.
  private static String line(String label) {
    StringBuilder line = new StringBuilder();
    label
        .codePoints()
        .limit(LONGEST)
        .map(c -> Character.isISOControl(c) || Character.isWhitespace(c) ? ' ' : c)
        .filter(c -> Character.getType(c) != Character.SURROGATE)
        .filter(c -> Character.getType(c) != Character.LINE_SEPARATOR)
        .filter(c -> Character.getType(c) != Character.PARAGRAPH_SEPARATOR)
        .filter(c -> Character.getType(c) != Character.FORMAT)
        .forEach(line::appendCodePoint);
    return line.toString().replaceAll(" {2,}", " ").strip();
  }

  /// The longest beginning of a line that is at most `room` wide, `…` behind it where it was cut;
  /// null if not a letter fits.
  private static @Nullable TextLayout fitting(String line, Font font, int room) {
    int[] letters = line.codePoints().toArray();
    for (int count = letters.length; count > 0; count--) {
      String cut = new String(letters, 0, count).stripTrailing();
      TextLayout text = new TextLayout(count == letters.length ? cut : cut + "…", font, CONTEXT);
      if (text.getAdvance() <= room) {
        return text;
      }
    }
    return null;
  }

  /// Draws it above the upper left corner of a box, or inside where there is no room above; moved
  /// to the left where it would leave the picture.
  void draw(Graphics2D graphics, Color colour, Box.Pixels box) {
    int x = Math.min(box.left(), pictureWidth - width);
    int above = box.top() - height;
    int y = above >= 0 ? above : Math.min(box.top(), pictureHeight - height);
    graphics.setColor(colour);
    graphics.fillRect(x, y, width, height);
    graphics.setColor(isBright(colour) ? Color.BLACK : Color.WHITE);
    graphics.setClip(x, y, width, height);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.fill(
        text.getOutline(
            AffineTransform.getTranslateInstance(x + pad, y + pad / 2 + text.getAscent())));
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_OFF);
    graphics.setClip(null);
  }

  /// By the weights of ITU-R BT.601.
  private static boolean isBright(Color c) {
    return 299 * c.getRed() + 587 * c.getGreen() + 114 * c.getBlue() > 128_000;
  }

  /// Looked for once, when the first label is drawn.
  private static final class Fonts {
    static final boolean FOUND = look();

    /// A Java installed without its font library throws errors of many kinds, as does one without
    /// fonts, which may throw a `RuntimeException`, too.
    private static boolean look() {
      try {
        Font font = new Font(Font.SANS_SERIF, Font.BOLD, SMALLEST);
        return new TextLayout("a", font, CONTEXT).getAdvance() > 0;
      } catch (OutOfMemoryError e) {
        throw e;
      } catch (Error | RuntimeException _) {
        return false;
      }
    }
  }
}
