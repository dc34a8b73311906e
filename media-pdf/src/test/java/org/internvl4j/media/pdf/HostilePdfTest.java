package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.internvl4j.media.pdf.PdfBytes.ascii;
import static org.internvl4j.media.pdf.PdfBytes.deflated;
import static org.internvl4j.media.pdf.PdfBytes.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that are no PDFs, damaged, or made to hurt: each is answered by pages, told problems, or
/// one sentence. `-Dinternvl4j.damage=N` tries N variants of each file.
class HostilePdfTest {
  private static final int VARIANTS = Integer.getInteger("internvl4j.damage", 40);
  private static final Tiling SMALL = Tiling.of(56, 2);
  private static final PdfOptions LIMITS =
      PdfOptions.DEFAULT
          .withMaxPixels(1_000_000)
          .withMaxStream(1 << 24)
          .withDeadline(Duration.ofSeconds(20));
  private static final Logger LIBRARY = Logger.getLogger("org.apache");

  @TempDir Path folder;

  @BeforeEach
  void quiet() {
    LIBRARY.setLevel(Level.OFF); // what it logs is told as problems
  }

  /// A PDF of numbered objects; the first is the catalogue.
  private Path pdf(String... objects) throws IOException {
    byte[][] bytes =
        Arrays.stream(objects)
            .map(text -> text.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new);
    return pdf(bytes);
  }

  private Path pdf(byte[][] objects) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("%PDF-1.7\n"));
    StringBuilder table = new StringBuilder("0000000000 65535 f \n");
    for (int i = 0; i < objects.length; i++) {
      table.append("%010d 00000 n \n".formatted(out.size()));
      out.writeBytes(ascii((i + 1) + " 0 obj\n"));
      out.writeBytes(objects[i]);
      out.writeBytes(ascii("\nendobj\n"));
    }
    int size = objects.length + 1;
    int start = out.size();
    out.writeBytes(
        ascii(
            "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
                .formatted(size, table, size, start)));
    return Files.write(folder.resolve("made.pdf"), out.toByteArray());
  }

  /// One page with a content stream and one XObject, `/X`.
  private Path page(String box, byte[] content, byte[] object) throws IOException {
    return pdf(
        new byte[][] {
          ascii("<< /Type /Catalog /Pages 2 0 R >>"),
          ascii("<< /Type /Pages /Kids [3 0 R] /Count 1 >>"),
          ascii(
              "<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
                  .formatted(box)),
          content,
          object
        });
  }

  private static final byte[] SHOWS_X = stream("", ascii("q 100 0 0 100 0 0 cm /X Do Q"));

  private List<String> problems(Path file) {
    try (Pdf pdf = Pdf.open(file, LIMITS)) {
      return pdf.page(1, SMALL).problems();
    }
  }

  private static String picture(int width, int height) {
    return "/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /ColorSpace /DeviceGray"
        .formatted(width, height);
  }

  @Test
  void drawsAGoodOne() throws IOException {
    byte[] grey = stream(picture(2, 2), new byte[] {0, 0, 0, 0});
    Path file = page("0 0 100 100", SHOWS_X, grey);
    assertThat(problems(file)).isEmpty();
    try (Pdf pdf = Pdf.open(file)) {
      byte[] rgb = pdf.page(1, SMALL).picture().rgb();
      assertThat(rgb).hasSize(3 * 56 * 56).containsOnly(0);
    }
  }

  @Test
  void tellsPicturesThatAreCutOff() throws IOException {
    assertThat(problems(page("0 0 100 100", SHOWS_X, stream(picture(20, 20), new byte[100]))))
        .containsExactly("picture 1 (20 x 20) is incomplete: it has 100 of 400 bytes of samples");
    byte[] noise = new byte[3600];
    new Random(5).nextBytes(noise);
    byte[] packed = deflated(noise);
    byte[] half = Arrays.copyOf(packed, 150);
    assertThat(
            problems(
                page(
                    "0 0 100 100",
                    SHOWS_X,
                    stream(picture(60, 60) + " /Filter /FlateDecode", half))))
        .singleElement()
        .asString()
        .matches(
            "picture 1 \\(60 x 60, FlateDecode\\) is incomplete: it has \\d+ of 3600 bytes of samples");
    assertThat(
            problems(
                page(
                    "0 0 100 100",
                    SHOWS_X,
                    stream(picture(9, 9) + " /Filter /DCTDecode", new byte[] {-1, -40, -1, 0}))))
        .hasSize(2)
        .first()
        .isEqualTo(
            "picture 1 (9 x 9, DCTDecode) is incomplete: its JPEG data ends without an end mark");
  }

  @Test
  void tellsPicturesThatAreNotThere() throws IOException {
    byte[] shows = stream("", ascii("/Nothing Do BI /W 3 /H 3 /BPC 8 /CS /G /F /DCT ID abc EI"));
    assertThat(problems(page("0 0 100 100", shows, ascii("null"))))
        .containsExactly(
            "a picture or drawing cannot be drawn: missing XObject: Nothing",
            "a picture cannot be drawn: not a JPEG file: starts with 0xff 0xd9");
  }

  @Test
  void leavesOutPicturesAboveTheLimit() throws IOException {
    byte[] huge =
        stream(picture(40_000, 40_000) + " /Filter /FlateDecode", deflated(new byte[1000]));
    assertThat(problems(page("0 0 100 100", SHOWS_X, huge)))
        .containsExactly(
            "picture 1 (40000 x 40000, FlateDecode) is left out: it has more than the limit of 1000000 pixels");
  }

  @Test
  void leavesOutPathsOfTooManySegments() throws IOException {
    byte[] paints = stream("", ascii("0 0 99 99 re ".repeat(500_001) + "W B 0 0 50 100 re f"));
    PdfOptions patient = LIMITS.withDeadline(Duration.ofMinutes(10));
    try (Pdf pdf = Pdf.open(page("0 0 100 100", paints, ascii("null")), patient)) {
      PdfPage page = pdf.page(1, SMALL);
      assertThat(page.problems())
          .containsExactly("a path is left out: it has more than the limit of 2000000 segments");
      byte[] rgb = page.picture().rgb();
      assertThat(rgb[0]).as("what is painted after it").isZero();
      assertThat(rgb[rgb.length - 1]).as("what it would have painted").isEqualTo((byte) 255);
    }
  }

  @Test
  void drawsThinPagesWithSidesAsOtherPictures() throws IOException {
    try (Pdf pdf = Pdf.open(page("0 0 1 100000", stream("", ascii("")), ascii("null")))) {
      Picture thin = pdf.page(1, Tiling.of(448, 12)).picture();
      assertThat(thin.width()).isOne();
      assertThat(thin.height()).isBetween(65_500, 65_535);
    }
  }

  @Test
  void refusesWhatUnpacksToTooMuch() throws IOException {
    byte[] bomb = deflated(new byte[20 << 20]);
    Path one = page("0 0 100 100", stream("/Filter /FlateDecode", bomb), ascii("null"));
    assertThatThrownBy(() -> problems(one))
        .isInstanceOf(PdfException.class)
        .hasMessage(
            "%s: page 1 has a part that unpacks to more than the limit of 16777216 bytes; the file is made to hurt, or print it to a new PDF"
                .formatted(one));
    byte[] twice = stream("/Filter [/FlateDecode /FlateDecode]", deflated(bomb));
    Path two = page("0 0 100 100", SHOWS_X, twice);
    assertThatThrownBy(() -> problems(two)).hasMessageContaining("unpacks to more than the limit");
  }

  @Test
  void refusesBoxesThatNoPageHas() throws IOException {
    Path flat = page("0 0 0 100", SHOWS_X, ascii("null"));
    try (Pdf pdf = Pdf.open(flat, LIMITS)) {
      assertThatThrownBy(() -> pdf.page(1, SMALL))
          .isInstanceOf(PdfException.class)
          .hasMessageContaining("page 1 is 0.0 x 100.0 points large, expected sides above 0");
    }
    Path vast = page("0 0 9999999 9999999", SHOWS_X, ascii("null"));
    assertThatThrownBy(() -> problems(vast)).hasMessageContaining("up to 1000000; the file is");
    Path large = page("0 0 900000 900000", SHOWS_X, stream(picture(1, 1), new byte[1]));
    try (Pdf pdf = Pdf.open(large, LIMITS)) {
      assertThat(pdf.page(1, SMALL).picture()).hasToString("picture of 56 x 56");
    }
  }

  @Test
  void refusesFilesWithoutPages() throws IOException {
    Path none = pdf("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>");
    assertThatThrownBy(() -> Pdf.open(none))
        .isInstanceOf(PdfException.class)
        .hasMessage(none + ": has no pages; the file is damaged");
    Path many =
        pdf("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 99999 >>");
    try (Pdf pdf = Pdf.open(many)) {
      assertThatThrownBy(() -> pdf.pages("", SMALL, PageListener.NONE))
          .isInstanceOf(PdfException.class)
          .hasMessageEndingWith(
              "99999 pages, at most 64 are read at once; name fewer, such as 1-64");
      assertThatThrownBy(() -> pdf.page(7, SMALL))
          .isInstanceOf(PdfException.class)
          .hasMessageContaining("made.pdf: page 7 cannot be drawn (");
    }
  }

  @Test
  void deepAndEndlessTreesEnd() throws IOException {
    int depth = 20_000;
    String[] objects = new String[depth + 2];
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>";
    for (int i = 1; i <= depth; i++) {
      objects[i] = "<< /Type /Pages /Count 1 /Kids [%d 0 R] >>".formatted(i + 2);
    }
    objects[depth + 1] = "<< /Type /Page /MediaBox [0 0 9 9] >>";
    assertAnswered(pdf(objects), "deep");
    assertAnswered(
        pdf(
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 3 /Kids [2 0 R 2 0 R 2 0 R] >>"),
        "endless");
  }

  @Test
  void drawingsWithinThemselvesEnd() throws IOException {
    String often = "/X Do ".repeat(10);
    byte[] form =
        stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
            ascii(often));
    Path file = page("0 0 100 100", stream("", ascii(often)), form);
    PdfOptions hasty = LIMITS.withDeadline(Duration.ofMillis(500));
    try (Pdf pdf = Pdf.open(file, hasty)) {
      assertThatThrownBy(() -> pdf.page(1, SMALL))
          .isInstanceOf(PdfException.class)
          .hasMessageContaining("page 1 cannot be drawn (drawing it takes longer than 0 s)");
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> pdf.page(1, SMALL)).isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void refusesWhatIsNoPdf() throws IOException {
    Path text = Files.writeString(folder.resolve("a.pdf"), "hello");
    assertThatThrownBy(() -> Pdf.open(text))
        .hasMessage(text + ": expected a PDF file, which begins with %PDF-");
    Path none = folder.resolve("none.pdf");
    assertThatThrownBy(() -> Pdf.open(none)).hasMessage(none + ": there is no such file");
    assertThatThrownBy(() -> Pdf.open(folder))
        .hasMessage(folder + ": is a folder, expected a PDF file");
    assertThatThrownBy(() -> Pdf.open(text, LIMITS.withMaxBytes(2)))
        .hasMessageContaining("5 bytes long, more than the limit of 2; split the file");
    Path empty = Files.writeString(folder.resolve("b.pdf"), "%PDF-1.4\n%%EOF");
    assertThatThrownBy(() -> Pdf.open(empty))
        .isInstanceOf(PdfException.class)
        .hasMessageStartingWith(empty + ": ");
    assertThatThrownBy(() -> PdfOptions.DEFAULT.withMaxPages(0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest(name = "{0}, seed 81")
  @ValueSource(
      strings = {
        "testPDF_Version.10.x.pdf",
        "testPDF_JBIG2.pdf",
        "testPDF_acroform3.pdf",
        "testAnnotations.pdf",
        "testPDF_diffTitles.pdf"
      })
  void damageIsAnsweredByPagesOrOneSentence(String name) throws IOException {
    byte[] whole = Files.readAllBytes(TikaFiles.file(name, folder));
    Random random = new Random(81);
    for (int variant = 0; variant < VARIANTS; variant++) {
      byte[] damaged = whole.clone();
      for (int flips = 1 + random.nextInt(variant % 2 == 0 ? 4 : 60); flips > 0; flips--) {
        damaged[random.nextInt(whole.length)] =
            (byte) (variant % 3 == 0 ? '0' + random.nextInt(10) : random.nextInt());
      }
      Path file = Files.write(folder.resolve("damaged.pdf"), damaged);
      assertAnswered(file, "variant " + variant + " of " + name);
    }
  }

  private static void assertAnswered(Path file, String what) {
    try (Pdf pdf = Pdf.open(file, LIMITS)) {
      PdfPage page = pdf.page(1, SMALL);
      assertThat(page.problems()).as(what).allMatch(line -> line.lines().count() == 1);
    } catch (PdfException e) {
      assertThat(e.getMessage()).as(what).startsWith(file.toString()).doesNotContain("\n");
    } catch (RuntimeException | Error e) {
      fail(what, e);
    }
  }
}
