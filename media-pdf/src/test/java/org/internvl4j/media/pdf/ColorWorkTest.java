package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.media.pdf.PdfBytes.ascii;
import static org.internvl4j.media.pdf.PdfBytes.page;
import static org.internvl4j.media.pdf.PdfBytes.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pictures whose colours are computed by functions of the file: those that would take minutes are
/// left out and told.
class ColorWorkTest {
  private static final Logger LIBRARY = Logger.getLogger("org.apache");
  private static final String THREE = "[/DeviceN [/A /B /C] /DeviceRGB 6 0 R]";
  private static final String SHOWS_X = "600 0 0 600 0 0 cm /X Do";

  @BeforeEach
  void quiet() {
    LIBRARY.setLevel(Level.OFF); // what it logs is told as problems
  }

  private static byte[] noise(int length) {
    byte[] noise = new byte[length];
    new Random(1).nextBytes(noise);
    return noise;
  }

  private static byte[] image(int side, int channels, String more) {
    return stream(
        "/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 %s"
            .formatted(side, side, more),
        noise(side * side * channels));
  }

  private static byte[] program(String text, int inputs) {
    return stream(
        "/FunctionType 4 /Domain [%s] /Range [0 1 0 1 0 1]".formatted("0 1 ".repeat(inputs)),
        ascii(text));
  }

  /// A program of 7200 steps: 3 of them a time.
  private static byte[] slow(int inputs) {
    return program("{ " + "dup sin exch ".repeat(2400) + "pop }", inputs);
  }

  private static byte[] samples(int inputs) {
    return stream(
        "/FunctionType 0 /BitsPerSample 8 /Size [%s] /Domain [%s] /Range [0 1 0 1 0 1]"
            .formatted("2 ".repeat(inputs), "0 1 ".repeat(inputs)),
        noise(3 << inputs));
  }

  private static List<String> problems(String resources, String content, byte[]... objects) {
    byte[] file = page("0 0 600 600", resources, content, objects);
    try (Pdf pdf = Pdf.of(file, "a.pdf", PdfOptions.DEFAULT)) {
      return pdf.page(1, Tiling.of(448, 12)).problems();
    }
  }

  private static List<String> shown(byte[]... objects) {
    return problems("/XObject << /X 5 0 R >>", SHOWS_X, objects);
  }

  private static String leftOut(String which) {
    return "picture 1 (%s) is left out: its colours take more than the limit of 500 million steps"
        .formatted(which);
  }

  private static final String LEFT_OUT = leftOut("300 x 300");

  @Test
  void leavesOutColoursOfManyInks() {
    String inks = "/A1 /A2 /A3 /A4 ".repeat(4);
    String space = "/ColorSpace [/DeviceN [%s] /DeviceRGB 6 0 R]".formatted(inks);
    assertThat(shown(image(60, 16, space), samples(16))).containsExactly(leftOut("60 x 60"));
    assertThat(shown(image(2, 16, space), samples(16))).isEmpty();
    String four = "/ColorSpace [/DeviceN [/A /B /C /D] /DeviceRGB 6 0 R]";
    assertThat(shown(image(300, 4, four), samples(4))).isEmpty();
  }

  @Test
  void leavesOutColoursOfLongPrograms() {
    assertThat(shown(image(300, 3, "/ColorSpace " + THREE), slow(3))).containsExactly(LEFT_OUT);
    byte[] several =
        ascii("<< /FunctionType 3 /Domain [0 1] /Bounds [] /Encode [0 1] /Functions [7 0 R] >>");
    assertThat(shown(image(300, 3, "/ColorSpace " + THREE), several, slow(3)))
        .containsExactly(LEFT_OUT);
    assertThat(
            shown(
                image(300, 3, "/ColorSpace " + THREE),
                program("{ " + "3 1 roll 2 copy pop pop ".repeat(5) + "}", 3)))
        .isEmpty();
  }

  @Test
  void leavesThemOutWhereverTheyAre() {
    byte[] named = image(300, 3, "/ColorSpace /N");
    String spaces = "/XObject << /X 5 0 R >> /ColorSpace << /%s " + THREE + " >>";
    assertThat(problems(spaces.formatted("N"), SHOWS_X, named, slow(3))).containsExactly(LEFT_OUT);
    byte[] plain = image(300, 3, "/ColorSpace /DeviceRGB");
    assertThat(problems(spaces.formatted("DefaultRGB"), SHOWS_X, plain, slow(3)))
        .containsExactly(LEFT_OUT);
    byte[] masked = image(300, 3, "/ColorSpace /DeviceRGB /SMask 7 0 R");
    byte[] mask = image(300, 3, "/ColorSpace " + THREE);
    assertThat(shown(masked, slow(3), mask)).containsExactly(LEFT_OUT);
    byte[] below = image(300, 2, "/ColorSpace [/DeviceN [/A /B] " + THREE + " 7 0 R]");
    assertThat(shown(below, slow(3), samples(2))).containsExactly(LEFT_OUT);
    byte[] profiled = image(300, 3, "/ColorSpace [/ICCBased 7 0 R]");
    byte[] profile = stream("/N 3 /Alternate " + THREE, ascii("none"));
    assertThat(shown(profiled, slow(3), profile)).containsExactly(LEFT_OUT);
    String ink = "<< /Colorants << /A [/DeviceN [/A /B /C] /DeviceRGB 6 0 R] >> >>";
    byte[] inks =
        image(300, 3, "/ColorSpace [/DeviceN [/A /B /C] /DeviceRGB 7 0 R %s]".formatted(ink));
    assertThat(shown(inks, slow(3), samples(3))).containsExactly(LEFT_OUT);
    String within = "BI /W 300 /H 300 /BPC 8 /CS /N ID ";
    String text = within + new String(new byte[300 * 300 * 3], StandardCharsets.ISO_8859_1) + " EI";
    assertThat(problems(spaces.formatted("N"), text, named, slow(3)))
        .containsExactly(leftOut("300 x 300, within the text"));
  }

  /// Their colours are computed once each.
  @Test
  void drawsPicturesOfFewColours() {
    assertThat(shown(image(300, 1, "/ColorSpace [/Separation /A /DeviceRGB 6 0 R]"), slow(1)))
        .isEmpty();
    String table = " 255 <" + "00ff7f".repeat(256) + ">]";
    assertThat(shown(image(300, 1, "/ColorSpace [/Indexed " + THREE + table), slow(3))).isEmpty();
  }

  @Test
  void refusesProgramsWhoseStackGrows() {
    StringBuilder literal = new StringBuilder("{ ");
    for (int n = 2; n < 1 << 28; n *= 2) {
      literal.append(n).append(" copy ");
    }
    for (String text : List.of(literal + "}", "{ " + "2 1 add copy ".repeat(99) + "}")) {
      assertThatThrownBy(() -> shown(image(1, 3, "/ColorSpace " + THREE), program(text, 3)))
          .isInstanceOf(PdfException.class)
          .hasMessage(
              "a.pdf: page 1 has a function of more than the limit of 1000000 steps; print it to a new PDF");
    }
  }

  @Test
  void spacesWithinThemselvesEnd() {
    byte[] itself = ascii("[/DeviceN [/A /B /C] 7 0 R 6 0 R]");
    assertThat(shown(image(300, 3, "/ColorSpace 7 0 R"), samples(3), itself))
        .containsExactly(LEFT_OUT);
  }
}
