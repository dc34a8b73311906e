package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.internvl4j.media.pdf.PdfBytes.ascii;
import static org.internvl4j.media.pdf.PdfBytes.page;
import static org.internvl4j.media.pdf.PdfBytes.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A process of its own for each file: the same pages, and an end of those that have none.
class IsolatedPdfTest {
  private static final Tiling TILING = Tiling.of(448, 12);
  private static final PdfOptions LIMITS =
      PdfOptions.DEFAULT.withMaxPixels(10_000_000).withDeadline(Duration.ofSeconds(20));
  private static final PdfOptions HASTY = LIMITS.withDeadline(Duration.ofSeconds(1));
  private static final IsolatedPdf.Allowance STRICT =
      new IsolatedPdf.Allowance(256, Duration.ofSeconds(60), Duration.ofMillis(100));

  private static long children() {
    return ProcessHandle.current()
        .children()
        .filter(child -> child.info().command().orElse("").endsWith("java"))
        .count();
  }

  @ParameterizedTest
  @ValueSource(strings = {"testPDF.pdf", "testJournalParser.pdf"})
  void drawsThePagesThatAreDrawnHere(String name, @TempDir Path folder) throws IOException {
    byte[] file = Files.readAllBytes(TikaFiles.file(name, folder));
    try (Pdf here = Pdf.of(file, name, LIMITS);
        IsolatedPdf there = IsolatedPdf.of(file, name, LIMITS)) {
      assertThat(there.pageCount()).isEqualTo(here.pageCount());
      assertThat(there.numbers("1")).containsExactly(1);
      for (int page = 1; page <= Math.min(3, here.pageCount()); page++) {
        assertThat(there.pixels(page, TILING)).isEqualTo(here.pixels(page, TILING));
        assertThat(there.page(page, TILING)).isEqualTo(here.page(page, TILING));
      }
      assertThatThrownBy(() -> there.page(here.pageCount() + 1, TILING))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("there is no page");
    }
    assertThat(children()).isZero();
  }

  @Test
  void readsThePagesOfAFileThatAreNamed(@TempDir Path folder) {
    Path file = TikaFiles.file("testPDFVarious.pdf", folder);
    List<String> heard = new ArrayList<>();
    try (IsolatedPdf pdf = IsolatedPdf.open(file)) {
      assertThat(pdf.pages("2,1", Tiling.of(56, 2), (done, total) -> heard.add(done + "/" + total)))
          .extracting(PdfPage::number)
          .containsExactly(2, 1);
    }
    assertThat(heard).containsExactly("1/2", "2/2");
  }

  @Test
  void filesAreRefusedAsInThisProcess(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("a.pdf"), "hello");
    for (Path file : List.of(text, folder, folder.resolve("none.pdf"))) {
      for (PdfOptions limits : List.of(LIMITS, LIMITS.withMaxBytes(2))) {
        Throwable here = catchThrowable(() -> Pdf.open(file, limits));
        assertThatThrownBy(() -> IsolatedPdf.open(file, limits))
            .isInstanceOf(PdfException.class)
            .hasMessage(here.getMessage());
      }
    }
  }

  @Test
  void saysWhatIsMissingAndWhatIsRefused() {
    byte[] jpx = stream("/Subtype /Image /Width 8 /Height 8 /Filter /JPXDecode", ascii("none"));
    String shows = "/XObject << /X 5 0 R >>";
    try (IsolatedPdf pdf = IsolatedPdf.of(page("0 0 9 9", shows, "/X Do", jpx), "a.pdf", LIMITS)) {
      assertThat(pdf.page(1, TILING).problems()).hasSize(1);
    }
    assertThatThrownBy(() -> IsolatedPdf.of(ascii("hello"), "a.pdf", LIMITS))
        .isInstanceOf(PdfException.class)
        .hasMessage("a.pdf: expected a PDF file, which begins with %PDF-");
    try (IsolatedPdf pdf = IsolatedPdf.of(page("0 0 2e6 9", "", ""), "a.pdf", LIMITS)) {
      assertThatThrownBy(() -> pdf.page(1, TILING))
          .isInstanceOf(PdfException.class)
          .hasMessageContaining("a.pdf: page 1 is 2000000.0 x 9.0 points large");
      assertThatThrownBy(() -> pdf.pixels(1, TILING)).isInstanceOf(PdfException.class);
    }
    assertThat(children()).isZero();
  }

  /// A letter whose outline calls a subroutine thirty times, which calls another thirty times, and
  /// so on: eight deep.
  private static byte[] endlessLetter() {
    byte[] font = Cff.ofSubroutines(8, 30);
    byte[] program = stream("/Subtype /Type1C", font);
    byte[] descriptor = ascii("<< /Type /FontDescriptor /FontName /F /Flags 4 /FontFile3 7 0 R >>");
    byte[] dictionary =
        ascii(
            "<< /Type /Font /Subtype /Type1 /BaseFont /F /FirstChar 65 /LastChar 65 /Widths [500] /FontDescriptor 6 0 R /Encoding << /Differences [65 /A] >> >>");
    return page(
        "0 0 600 600",
        "/Font << /F 5 0 R >>",
        "BT /F 20 Tf 50 50 Td (A) Tj ET",
        dictionary,
        descriptor,
        program);
  }

  @Test
  void aLetterWithoutEndIsEndedByTheClock() {
    try (IsolatedPdf pdf = IsolatedPdf.of(endlessLetter(), "a.pdf", HASTY, STRICT)) {
      assertThatThrownBy(() -> pdf.page(1, TILING))
          .isInstanceOf(PdfException.class)
          .hasMessage(
              "a.pdf: page 1 cannot be drawn (it takes longer than 1 s); the file is damaged, or print it to a new PDF");
      assertThat(children()).isZero();
      assertThatThrownBy(() -> pdf.page(1, TILING))
          .isInstanceOf(PdfException.class)
          .hasMessageStartingWith("a.pdf: page 1 cannot be drawn (its process");
    }
  }

  @Test
  void anInterruptEndsTheProcess() throws Exception {
    try (IsolatedPdf pdf = IsolatedPdf.of(endlessLetter(), "a.pdf", LIMITS);
        ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<?> drawing =
          threads.submit(() -> {
            assertThatThrownBy(() -> pdf.page(1, TILING)).isInstanceOf(CancellationException.class);
          });
      threads.shutdownNow();
      drawing.get();
    }
    assertThat(children()).isZero();
  }

  /// A table of objects of no bytes each.
  private static byte[] endlessTable() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"));
    int start = out.size();
    out.writeBytes(ascii("3 0 obj\n"));
    out.writeBytes(
        stream(
            "/Type /XRef /Size 2147483647 /W [0 0 0] /Index [0 2147483647] /Root 1 0 R",
            ascii("x")));
    out.writeBytes(ascii("\nendobj\nstartxref\n%d\n%%%%EOF\n".formatted(start)));
    return out.toByteArray();
  }

  @Test
  void aTableThatFillsTheMemoryFillsThatOfTheProcess() {
    IsolatedPdf.Allowance small =
        new IsolatedPdf.Allowance(32, Duration.ofSeconds(60), Duration.ZERO);
    assertThatThrownBy(() -> IsolatedPdf.of(endlessTable(), "a.pdf", HASTY, small))
        .isInstanceOf(PdfException.class)
        .hasMessageMatching(
            "a\\.pdf: cannot be read as PDF \\(it takes more memory than the heap of 3\\d MiB has\\); the file is damaged");
    assertThat(children()).isZero();
  }

  /// A picture whose colours are computed by a program of 60,000 steps.
  private static byte[] computedPicture() {
    byte[] samples = new byte[2 * 400 * 400];
    new Random(1).nextBytes(samples);
    return page(
        "0 0 600 600",
        "/XObject << /X 5 0 R >>",
        "600 0 0 600 0 0 cm /X Do",
        stream(
            "/Subtype /Image /Width 400 /Height 400 /BitsPerComponent 8 /ColorSpace [/DeviceN [/A /B] /DeviceGray 6 0 R]",
            samples),
        stream(
            "/FunctionType 4 /Domain [0 1 0 1] /Range [0 1]",
            ascii("{ " + "dup sin exch ".repeat(20_000) + "pop }")));
  }

  private static byte[] maskOfItself() {
    String fill = "/G gs 0 0 600 600 re f ";
    return page(
        "0 0 600 600",
        "/ExtGState << /G 5 0 R >>",
        fill,
        ascii("<< /SMask << /S /Luminosity /G 6 0 R >> >>"),
        stream(
            "/Subtype /Form /BBox [0 0 600 600] /Group << /S /Transparency /CS /DeviceGray >> /Resources << /ExtGState << /G 5 0 R >> >>",
            ascii(fill + fill)));
  }

  private static byte[] widthsWithoutEnd() {
    return page(
        "0 0 600 600",
        "/Font << /F << /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /DescendantFonts [5 0 R] >> >>",
        "BT /F 20 Tf 50 50 Td <00410042> Tj ET",
        ascii(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /CIDSystemInfo << /Registry (A) /Ordering (B) /Supplement 0 >> /W [0 2147483646 500] >>"));
  }

  private static byte[] endless(String what) {
    return switch (what) {
      case "path" ->
          page(
              "0 0 600 600",
              "",
              "100 w 1 j 1 J 0 0 m " + "600 600 l 0 300 l ".repeat(50_000) + "S");
      case "picture" -> computedPicture();
      case "mask" -> maskOfItself();
      case "widths" -> widthsWithoutEnd();
      default -> throw new AssertionError(what);
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"path", "picture", "mask", "widths"})
  void whatHasNoEndIsRefused(String what) {
    try (IsolatedPdf pdf = IsolatedPdf.of(endless(what), "a.pdf", HASTY, STRICT)) {
      assertThatThrownBy(() -> pdf.page(1, TILING))
          .isInstanceOf(PdfException.class)
          .hasMessageStartingWith("a.pdf: page 1 cannot be drawn (");
    }
    assertThat(children()).isZero();
  }

  /// Ctrl-C in a terminal reaches every process there.
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void anInterruptOfTheTerminalIsTheAskersBusiness() throws Exception {
    try (IsolatedPdf pdf = IsolatedPdf.of(page("0 0 9 9", "", ""), "a.pdf", LIMITS)) {
      String child =
          ProcessHandle.current()
              .children()
              .filter(process -> process.info().command().orElse("").endsWith("java"))
              .map(process -> Long.toString(process.pid()))
              .findFirst()
              .orElseThrow();
      assertThat(new ProcessBuilder("kill", "-INT", child).start().waitFor()).isZero();
      assertThat(pdf.page(1, TILING).problems()).isEmpty();
    }
    assertThat(children()).isZero();
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aProcessThatIsKilledIsNotTheFilesFault() throws Exception {
    try (IsolatedPdf pdf = IsolatedPdf.of(page("0 0 9 9", "", ""), "a.pdf", LIMITS)) {
      ProcessHandle.current()
          .children()
          .filter(process -> process.info().command().orElse("").endsWith("java"))
          .forEach(ProcessHandle::destroyForcibly);
      assertThatThrownBy(() -> pdf.page(1, TILING))
          .hasMessage(
              "a.pdf: page 1 cannot be drawn: its process was killed; is there enough memory?")
          .isInstanceOfSatisfying(PdfException.class, e -> assertThat(e.isOfMachine()).isTrue());
    }
  }
}
