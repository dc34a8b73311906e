package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.internvl4j.media.pdf.PdfBytes.ascii;
import static org.internvl4j.media.pdf.PdfBytes.deflated;
import static org.internvl4j.media.pdf.PdfBytes.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.ProgressiveJpeg;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// JPEGs in PDF files: as they are elsewhere, with few scans, and within the time of their page.
class JpegsInPdfTest {
  private static final Logger LIBRARY = Logger.getLogger("org.apache");
  private static final Tiling SMALL = Tiling.of(56, 2);
  private static final PdfOptions LIMITS = PdfOptions.DEFAULT.withMaxPixels(10_000_000);
  private static final String SHOWS_X = "q 100 0 0 100 0 0 cm /X Do Q";

  @BeforeEach
  void quiet() {
    LIBRARY.setLevel(Level.OFF); // what it logs is told as problems
  }

  @AfterEach
  void notInterrupted() {
    Thread.interrupted();
  }

  private static byte[] image(int width, int height, String more, byte[] data) {
    return stream(
        "/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 %s"
            .formatted(width, height, more),
        data);
  }

  /// One page of 100 x 100 points, with XObjects: `/X` is the first, the second is object 6.
  /// Without a table: the library finds the objects.
  private static byte[] page(byte[] content, byte[]... objects) {
    return page("", "/Resources << /XObject << /X 5 0 R >> >>", content, objects);
  }

  /// @param ofAll what else the parent of the page holds
  /// @param ofPage what else the page holds
  private static byte[] page(String ofAll, String ofPage, byte[] content, byte[]... objects) {
    return PdfBytes.page("/MediaBox [0 0 100 100] " + ofAll, ofPage, content, objects);
  }

  private static byte[] shown(byte[]... objects) {
    return page(ascii(SHOWS_X), objects);
  }

  private static PdfPage drawn(byte[] file) {
    try (Pdf pdf = Pdf.of(file, "a.pdf", LIMITS)) {
      return pdf.page(1, SMALL);
    }
  }

  private static void assertRefused(byte[] file, String why) {
    assertThatThrownBy(() -> drawn(file))
        .isInstanceOf(PdfException.class)
        .hasMessage("a.pdf: page 1 cannot be drawn (" + why + "); print it to a new PDF");
  }

  private static final String GREY = "/ColorSpace /DeviceGray";
  private static final String TOO_MANY = "the JPEG has 101 scans, more than the limit of 100";

  @Test
  void drawsThemAsTheyAreElsewhere() throws IOException {
    for (String name : List.of("progressive.jpg", "rgb.jpg")) {
      byte[] jpeg =
          Files.readAllBytes(
              Fixtures.home().resolve("media/src/test/resources/pictures").resolve(name));
      Picture picture = Pictures.read(jpeg, name);
      int w = picture.width();
      int h = picture.height();
      String rgb = "/ColorSpace /DeviceRGB";
      PdfPage expected =
          drawn(shown(image(w, h, rgb + " /Filter /FlateDecode", deflated(picture.rgb()))));
      assertThat(drawn(shown(image(w, h, rgb + " /Filter /DCTDecode", jpeg))))
          .as(name)
          .isEqualTo(expected);
      assertThat(
              drawn(shown(image(w, h, rgb + " /Filter [/FlateDecode /DCTDecode]", deflated(jpeg)))))
          .as(name)
          .isEqualTo(expected);
    }
  }

  @Test
  void refusesManyScansWhereverTheyAre() throws IOException {
    byte[] bomb = ProgressiveJpeg.of(64, 64, 101);
    assertRefused(shown(image(64, 64, GREY + " /Filter /DCTDecode", bomb)), TOO_MANY);
    assertRefused(shown(image(64, 64, GREY + " /Filter [/DCT]", bomb)), TOO_MANY);
    String twice = " /Filter [/FlateDecode /DCTDecode]";
    assertRefused(shown(image(64, 64, GREY + twice, deflated(bomb))), TOO_MANY);
    String crypt = " /Filter [/Crypt /DCTDecode] /DecodeParms [<< /Name /Identity >> null]";
    assertRefused(shown(image(64, 64, GREY + crypt, bomb)), TOO_MANY);
    byte[] mask = image(64, 64, GREY + " /Filter /DCTDecode", bomb);
    assertRefused(shown(image(1, 1, GREY + " /SMask 6 0 R", new byte[1]), mask), TOO_MANY);
    byte[] good = ProgressiveJpeg.of(64, 64, 100);
    assertThat(drawn(shown(image(64, 64, GREY + " /Filter /DCTDecode", good))).problems())
        .isEmpty();
  }

  @Test
  void refusesAJpegThatIsLargerThanItIsSaidToBe() {
    byte[] jpeg = ProgressiveJpeg.of(4000, 4000, 1);
    assertRefused(
        shown(image(4, 4, GREY + " /Filter /DCTDecode", jpeg)),
        "the JPEG has 16000000 pixels, more than the limit of 10000000, and is said to have 4 x 4");
  }

  /// Ways to a picture which is object 5.
  private static List<byte[]> ways(byte[] picture) {
    List<byte[]> files = new ArrayList<>();
    String resources = "/Resources << %s /XObject << /%s 5 0 R >> >>";
    files.add(page(resources.formatted("", "X"), "", ascii(SHOWS_X), picture));
    for (String name : List.of("X", "P", "A", "B", "AA", "Dest", "Metadata", "Parent", "Font")) {
      byte[] content = ascii(SHOWS_X.replace("/X", "/" + name));
      files.add(page("", resources.formatted("", name), content, picture));
      files.add(page("", resources.formatted("/Type /Page", name), content, picture));
      files.add(page(resources.formatted("/Type /Page", name), "", content, picture));
    }
    String form = "/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources 7 0 R";
    byte[] shows = stream(form, ascii(SHOWS_X));
    byte[] within = ascii("<< /Type /Page /XObject << /X 5 0 R >> >>");
    String indirect = "/Resources << /XObject << /P 6 0 R >> >>";
    files.add(page(indirect, "", ascii("/P Do"), picture, shows, within));
    String state =
        "/Annots [<< /Subtype /Widget /Rect [0 0 100 100] /AS /P /AP << /N << /P 6 0 R >> >> >>]";
    files.add(page("", state, ascii(""), picture, shows, within));
    byte[] both = ascii("<< /Subtype /Widget /Rect [0 0 9 9] /P 5 0 R >>");
    String twice = "/Annots [6 0 R] /Resources << /XObject 6 0 R >>";
    files.add(page("", twice, ascii("/P Do"), picture, both));
    return files;
  }

  @Test
  void noWayToAPictureIsMissed() throws IOException {
    String twice = GREY + " /Filter [/FlateDecode /FlateDecode]";
    byte[] much = deflated(deflated(new byte[9 << 20]));
    PdfOptions tight = LIMITS.withMaxStream(8 << 20);
    for (byte[] file : ways(image(64, 64, twice, much))) {
      assertThatThrownBy(() -> Pdf.of(file, "a.pdf", tight).page(1, SMALL))
          .as(new String(file, StandardCharsets.ISO_8859_1))
          .isInstanceOf(PdfException.class)
          .hasMessageContaining("unpacks to more than the limit of 8388608 bytes");
    }
    byte[] scans = ProgressiveJpeg.of(64, 64, 3000);
    for (byte[] file : ways(image(64, 64, GREY + " /Filter /DCTDecode", scans))) {
      assertRefused(file, TOO_MANY.replace("101", "3000"));
    }
    byte[] large = ProgressiveJpeg.of(20_000, 20_000, 1);
    for (byte[] file : ways(image(10, 10, GREY + " /Filter /DCTDecode", large))) {
      assertRefused(
          file,
          "the JPEG has 400000000 pixels, more than the limit of 10000000, and is said to have 10 x 10");
    }
    byte[] good = ProgressiveJpeg.of(64, 64, 2);
    for (byte[] file : ways(image(64, 64, GREY + " /Filter /DCTDecode", good))) {
      assertThat(drawn(file).problems()).isEmpty();
    }
  }

  /// Each page holds its own: a page is not refused for another.
  @Test
  void otherPagesAreNotLookedAt() {
    byte[] scans = image(64, 64, GREY + " /Filter /DCTDecode", ProgressiveJpeg.of(64, 64, 101));
    byte[] other = ascii("<< /Type /Page /Resources << /XObject << /X 5 0 R >> >> >>");
    String link =
        "/B [<< /P 6 0 R >>] /Annots [<< /Subtype /Link /Rect [0 0 9 9] /Dest [6 0 R /Fit] /Parent << /Kids [6 0 R] >> >>"
            + " << /Subtype /Link /Rect [0 0 9 9] /A << /S /GoTo /D [6 0 R /Fit] >> >>]";
    assertThat(drawn(page("", link, ascii(""), scans, other)).problems()).isEmpty();
  }

  private static byte[] within(String filters, byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("BI /W 64 /H 64 /BPC 8 /CS /G /F %s ID ".formatted(filters)));
    out.writeBytes(data);
    out.writeBytes(ascii("\nEI\n"));
    return out.toByteArray();
  }

  @Test
  void leavesOutJpegsWithinTheTextThatTakeLong() throws IOException {
    String sentence = "a picture within the text cannot be drawn (%s); print it to a new PDF";
    byte[] bomb = ProgressiveJpeg.of(64, 64, 101);
    assertThat(drawn(page(within("/DCT", bomb), ascii("null"))).problems())
        .containsExactly(sentence.formatted(TOO_MANY));
    assertThat(drawn(page(within("[/Fl /DCT]", deflated(bomb)), ascii("null"))).problems())
        .containsExactly(sentence.formatted(TOO_MANY));
    byte[] large = ProgressiveJpeg.of(3000, 3000, 12);
    assertThat(drawn(page(within("/DCT", large), ascii("null"))).problems())
        .containsExactly(
            sentence.formatted(
                "the JPEG has 12 scans of 9000000 pixels, more than the limit of 100000000 pixels together"));
    byte[] good = ProgressiveJpeg.of(64, 64, 100);
    assertThat(drawn(page(within("/DCT", good), ascii("null"))).problems()).isEmpty();
  }

  /// What happens when the clock is looked at for the n-th time, within a picture of 100 scans.
  private static void draw(LongSupplier clock) throws IOException {
    byte[] jpeg = ProgressiveJpeg.of(64, 64, 100);
    byte[] file = shown(image(64, 64, GREY + " /Filter /DCTDecode", jpeg));
    try (PDDocument document = Loader.loadPDF(file)) {
      new Drawer(document, LIMITS, clock).draw(0, 1);
    }
  }

  /// The number of a look while the scans are decoded.
  private static int within() throws IOException {
    AtomicInteger all = new AtomicInteger();
    draw(all::incrementAndGet);
    assertThat(all.get()).isGreaterThan(100);
    return all.get() - 50;
  }

  @Test
  void theTimeOfAPageEndsWithinAPicture() throws IOException {
    int look = within();
    AtomicInteger looks = new AtomicInteger();
    assertThatThrownBy(() -> draw(() -> looks.incrementAndGet() < look ? 0 : Long.MAX_VALUE))
        .isInstanceOf(Drawer.LateException.class)
        .hasStackTraceContaining("JPEGImageReader.readInputData");
    assertThat(looks.get()).isEqualTo(look);
  }

  @Test
  void anInterruptEndsAPageWithinAPicture() throws IOException {
    int look = within();
    AtomicInteger looks = new AtomicInteger();
    LongSupplier interrupter =
        () -> {
          if (looks.incrementAndGet() == look) {
            Thread.currentThread().interrupt();
          }
          return 0;
        };
    assertThatThrownBy(() -> draw(interrupter))
        .isInstanceOf(CancellationException.class)
        .hasStackTraceContaining("JPEGImageReader.readInputData");
    assertThat(looks.get()).isEqualTo(look);
    assertThat(Thread.interrupted()).isTrue();
  }
}
