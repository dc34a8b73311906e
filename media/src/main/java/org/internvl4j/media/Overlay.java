package org.internvl4j.media;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;

/// Draws the boxes of an answer, and their labels, over the picture that it is about.
///
/// A label has a colour, the same for all its boxes. The lines lie within their boxes, as thick as
/// the size of the picture asks for, between thin black and white ones: they can be told from what
/// is behind them, whatever that is. Nothing else of the picture changes.
public final class Overlay {
  private static final List<Color> COLOURS =
      List.of(
          new Color(255, 64, 64),
          new Color(0, 200, 83),
          new Color(64, 128, 255),
          new Color(255, 193, 7),
          new Color(224, 64, 251),
          new Color(0, 207, 223),
          new Color(255, 128, 0),
          new Color(160, 220, 40));

  private final Graphics2D graphics;
  private final int width;
  private final int height;
  private final int line; // pixels that a coloured line is thick
  private final int rim; // and the black and the white one beside it
  private final Map<String, Color> colours = new HashMap<>();

  private Overlay(BufferedImage image) {
    graphics = image.createGraphics();
    width = image.getWidth();
    height = image.getHeight();
    line = Math.max(2, Math.round(Math.max(width, height) / 160f));
    rim = Math.max(1, line / 3);
  }

  /// A new picture with boxes and labels. On a machine where Java finds no font it has boxes alone
  /// ([#hasFont]).
  ///
  /// @param picture as it was asked about: in the same orientation
  public static Picture draw(Picture picture, List<Region> regions) {
    BufferedImage image = Pictures.toImage(picture);
    Overlay overlay = new Overlay(image);
    try {
      regions.forEach(overlay::frame);
      regions.forEach(overlay::write);
    } finally {
      overlay.graphics.dispose();
    }
    return Pictures.of(image);
  }

  /// Whether labels can be written on this machine.
  public static boolean hasFont() {
    return Label.hasFont();
  }

  private void frame(Region region) {
    Color colour = colour(region.label());
    for (Box box : region.boxes()) {
      Box.Pixels p = box.on(width, height);
      int thin = Math.min(rim, (Math.min(p.width(), p.height()) - 1) / 2); // colour comes first
      ring(Color.BLACK, p, 0, thin);
      ring(colour, p, thin, line);
      ring(Color.WHITE, p, thin + line, thin);
    }
  }

  /// Four bars that go round inside of a rectangle; what does not fit into it is left out.
  ///
  /// @param inset pixels between its edges and the bars
  private void ring(Color colour, Box.Pixels p, int inset, int thick) {
    int w = p.width() - 2 * inset;
    int h = p.height() - 2 * inset;
    if (w <= 0 || h <= 0) {
      return;
    }
    int x = p.left() + inset;
    int y = p.top() + inset;
    int across = Math.min(thick, w);
    int down = Math.min(thick, h);
    graphics.setColor(colour);
    graphics.fillRect(x, y, w, down);
    graphics.fillRect(x, y + h - down, w, down);
    graphics.fillRect(x, y, across, h);
    graphics.fillRect(x + w - across, y, across, h);
  }

  private void write(Region region) {
    Label label = Label.of(region.label(), width, height);
    if (label == null) {
      return;
    }
    for (Box box : region.boxes()) {
      label.draw(graphics, colour(region.label()), box.on(width, height));
    }
  }

  private Color colour(String label) {
    return colours.computeIfAbsent(label, _ -> COLOURS.get(colours.size() % COLOURS.size()));
  }
}
