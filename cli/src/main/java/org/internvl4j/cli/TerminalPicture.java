package org.internvl4j.cli;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Resize;

/// Draws pictures small on a terminal: as pixels where it can show them, else as coloured half
/// blocks.
final class TerminalPicture {
  /// How a terminal shows pictures.
  enum Protocol {
    /// Kitty's graphics protocol, PNG inside.
    KITTY,
    /// iTerm2's inline images.
    ITERM2,
    /// Two pixels a character: `▀` in the colour of the upper on the colour of the lower one.
    BLOCKS
  }

  private static final int ROWS = 12; // of text, for one row of pictures
  private static final int PIXELS = 224; // height where a terminal shows pixels
  private static final int MAX_WIDTH = 76; // columns
  private static final int KITTY_CHUNK = 4096;
  private static final String RESET = "\u001b[0m";

  private TerminalPicture() {}

  /// What the terminal says it can do. Inside a multiplexer, blocks: it would swallow the rest.
  static Protocol protocol(Map<String, String> environment) {
    String terminal = environment.getOrDefault("TERM", "");
    String program = environment.getOrDefault("TERM_PROGRAM", "");
    if (environment.containsKey("TMUX") || terminal.startsWith("screen")) {
      return Protocol.BLOCKS;
    }
    if (environment.containsKey("KITTY_WINDOW_ID")
        || terminal.equals("xterm-kitty")
        || program.equals("ghostty")) {
      return Protocol.KITTY;
    }
    return program.equals("iTerm.app") || program.equals("WezTerm")
        ? Protocol.ITERM2
        : Protocol.BLOCKS;
  }

  /// Draws pictures in a row, followed by a line break.
  static void draw(List<Picture> pictures, Protocol protocol, PrintStream out) {
    switch (protocol) {
      case KITTY -> kitty(Pictures.png(row(pictures, PIXELS, 16)), out);
      case ITERM2 -> iterm2(Pictures.png(row(pictures, PIXELS, 16)), out);
      case BLOCKS -> blocks(row(pictures, 2 * ROWS, 2), out);
    }
    out.flush();
  }

  /// The pictures side by side at a height, between them a gap of light grey.
  private static Picture row(List<Picture> pictures, int height, int gap) {
    List<Picture> scaled =
        pictures.stream()
            .map(p -> Resize.bicubic(p, Math.max(1, height * p.width() / p.height()), height))
            .toList();
    int width = scaled.stream().mapToInt(Picture::width).sum() + gap * (scaled.size() - 1);
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) 0x80);
    int left = 0;
    for (Picture picture : scaled) {
      byte[] from = picture.rgb();
      int stride = 3 * picture.width();
      for (int y = 0; y < height; y++) {
        System.arraycopy(from, y * stride, rgb, 3 * (y * width + left), stride);
      }
      left += picture.width() + gap;
    }
    return Picture.ofRgb(width, height, rgb);
  }

  private static void kitty(byte[] png, PrintStream out) {
    String data = Base64.getEncoder().encodeToString(png);
    for (int from = 0; from < data.length(); from += KITTY_CHUNK) {
      int to = Math.min(data.length(), from + KITTY_CHUNK);
      String head = from == 0 ? "a=T,f=100,q=2,r=" + ROWS + "," : "";
      String more = to < data.length() ? "m=1" : "m=0";
      out.print("\u001b_G" + head + more + ";" + data.substring(from, to) + "\u001b\\");
    }
    out.println();
  }

  private static void iterm2(byte[] png, PrintStream out) {
    out.println(
        "\u001b]1337;File=inline=1;height=%d;size=%d:%s\u0007"
            .formatted(ROWS, png.length, Base64.getEncoder().encodeToString(png)));
  }

  private static void blocks(Picture picture, PrintStream out) {
    byte[] rgb = picture.rgb();
    int width = picture.width();
    StringBuilder text = new StringBuilder();
    for (int y = 0; y + 1 < picture.height(); y += 2) {
      for (int x = 0; x < Math.min(width, MAX_WIDTH); x++) {
        text.append("\u001b[38;2;").append(colour(rgb, y * width + x));
        text.append(";48;2;").append(colour(rgb, (y + 1) * width + x)).append("m▀");
      }
      text.append(RESET).append('\n');
    }
    out.print(text);
  }

  private static String colour(byte[] rgb, int pixel) {
    return (rgb[3 * pixel] & 255)
        + ";"
        + (rgb[3 * pixel + 1] & 255)
        + ";"
        + (rgb[3 * pixel + 2] & 255);
  }
}
