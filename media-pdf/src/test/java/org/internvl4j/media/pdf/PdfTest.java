package org.internvl4j.media.pdf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.models.image.Grid;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Real PDF files open, or are refused in one sentence; pages fill the grid that they are cut into.
class PdfTest {
  private static final Tiling TWELVE = Tiling.of(448, 12);

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "testPDF.pdf                | 1  | 949 x 1344  | 0",
        "testJournalParser.pdf      | 10 | 1384 x 1792 | 0",
        "testPDFVarious.pdf         | 2  | 1384 x 1792 | 0",
        "testPDF_JBIG2.pdf          | 1  | 1384 x 1792 | 0",
        "testPDF_rotated.pdf        | 1  | 1901 x 1344 | 0",
        "testOCR.pdf                | 1  | 1792 x 1384 | 0",
        "testPDF_acroform3.pdf      | 1  | 1384 x 1792 | 0",
        "testPDF_protected.pdf      | 41 | 949 x 1344  | 0",
        "testPDF_childAttachments.pdf | 67 | 1384 x 1792 | 0",
        "testPDF_bookmarks.pdf      | 2  | 949 x 1344  | 0",
        "testPDF_jpeg2000.pdf       | 1  | 949 x 1344  | 1",
        "testPDF_angles.pdf         | 1  | 1359 x 1792 | 5",
      })
  void opensRealFiles(String file, int pages, String size, int problems) {
    try (Pdf pdf = Pdf.open(TikaFiles.file(file, folder))) {
      assertThat(pdf.pageCount()).isEqualTo(pages);
      PdfPage page = pdf.page(1, TWELVE);
      assertThat(page.picture()).hasToString("picture of " + size);
      assertThat(pdf.pixels(1, TWELVE))
          .isEqualTo((long) page.picture().width() * page.picture().height());
      assertThat(page.problems()).hasSize(problems);
      assertThat(hasInk(page.picture())).isEqualTo(!file.equals("testPDF_jpeg2000.pdf"));
    }
  }

  private static boolean hasInk(Picture picture) {
    int dark = 0;
    for (byte sample : picture.rgb()) {
      dark += (sample & 255) < 200 ? 1 : 0;
    }
    return dark > 50;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "testPDF_AdobeIllustrator.pdf | the file ends after 491520 bytes without an end mark (%%EOF); it looks cut off",
        "testPDF_no_extract_no_accessibility_owner_user.pdf | needs a password; save it without one, as with qpdf --decrypt"
      })
  void refusesOthersInOneSentence(String file, String sentence) throws IOException {
    Path path = TikaFiles.file(file, folder);
    assertThatThrownBy(() -> Pdf.open(path))
        .isInstanceOf(PdfException.class)
        .hasMessage(path + ": " + sentence);
    byte[] bytes = Files.readAllBytes(path);
    assertThatThrownBy(() -> Pdf.of(bytes, "upload", PdfOptions.DEFAULT))
        .isInstanceOf(PdfException.class)
        .hasMessage("upload: " + sentence);
  }

  @Test
  void tellsPicturesThatItCannotDecode() {
    try (Pdf pdf = Pdf.open(TikaFiles.file("testPDF_jpeg2000.pdf", folder))) {
      assertThat(pdf.page(1, TWELVE).problems())
          .containsExactly(
              "picture 1 (2480 x 3507, JPXDecode) cannot be decoded: its format, such as JPEG 2000, is not read here");
    }
  }

  @Test
  void readsThePagesThatAreNamed() throws IOException {
    Path file = TikaFiles.file("testJournalParser.pdf", folder);
    try (Pdf pdf = Pdf.open(file)) {
      List<String> heard = new ArrayList<>();
      List<PdfPage> pages =
          pdf.pages("2-3,1", Tiling.of(56, 2), (done, total) -> heard.add(done + "/" + total));
      assertThat(pages).extracting(PdfPage::number).containsExactly(2, 3, 1);
      assertThat(pdf.numbers("2-3,1")).containsExactly(2, 3, 1);
      try (Pdf same = Pdf.of(Files.readAllBytes(file), "upload", PdfOptions.DEFAULT)) {
        assertThat(same.page(2, Tiling.of(56, 2)).picture()).isEqualTo(pages.getFirst().picture());
      }
      assertThat(heard).containsExactly("1/3", "2/3", "3/3");
      assertThatThrownBy(() -> pdf.page(11, TWELVE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageEndingWith("there is no page 11, it has pages 1 to 10");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"1-3,7 | 1 2 3 7", "5 | 5", "8- | 8 9", "-2 | 1 2", "'' | 1 2 3 4 5 6 7 8 9"})
  void readsRanges(String text, String pages) {
    assertThat(PageRanges.parse(text, 9, 64, "f"))
        .containsExactly(
            java.util.Arrays.stream(pages.split(" ", -1)).mapToInt(Integer::parseInt).toArray());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x    | pages: 'x' is no list of pages, expected one like 1-3,7",
        "-    | pages: '-' is no list of pages, expected one like 1-3,7",
        "1,,2 | pages: '1,,2' is no list of pages, expected one like 1-3,7",
        "0    | pages: '0' asks for pages 0 to 0, f.pdf has 1 to 9",
        "3-1  | pages: '3-1' asks for pages 3 to 1, f.pdf has 1 to 9",
        "7-10 | pages: '7-10' asks for pages 7 to 10, f.pdf has 1 to 9",
        "1-9  | f.pdf: 9 pages, at most 8 are read at once; name fewer, such as 1-8"
      })
  void refusesOtherRanges(String text, String message) {
    assertThatThrownBy(() -> PageRanges.parse(text, 9, 8, "f.pdf")).hasMessage(message);
  }

  /// Sizes of pages, from a stamp to a scroll: the picture is cut into the grid it was drawn for.
  @Test
  void pagesFillTheirGridAndNoMore() {
    double[][] sizes = {{595.28, 841.89}, {612, 792}, {792, 612}, {10, 10}, {3000, 40}};
    for (int tiles : new int[] {1, 2, 6, 12, 24}) {
      Tiling tiling = Tiling.of(448, tiles);
      for (double[] size : sizes) {
        float scale = Resolution.scale(size[0], size[1], tiling, 100_000_000);
        int width = (int) Math.max(1, Math.floor((float) size[0] * scale));
        int height = (int) Math.max(1, Math.floor((float) size[1] * scale));
        Grid grid = tiling.grid(width, height);
        double most = 4.0 * grid.tiles() * 448 * 448;
        String what = "%s tiles %d: %d x %d".formatted(size[0], tiles, width, height);
        assertThat((double) width * height).as(what).isLessThanOrEqualTo(most * 1.001);
        if ((double) width * height < most * 0.98) {
          assertThat(width).as(what).isGreaterThanOrEqualTo(448 * grid.columns());
          assertThat(height).as(what).isGreaterThanOrEqualTo(448 * grid.rows());
          assertThat(Math.min(width - 448 * grid.columns(), height - 448 * grid.rows()))
              .as(what)
              .isLessThanOrEqualTo(1);
        }
      }
    }
    assertThat(Resolution.scale(1000, 1000, TWELVE, 10_000)).isEqualTo(0.1f);
  }
}
