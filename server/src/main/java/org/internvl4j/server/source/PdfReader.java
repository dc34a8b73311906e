package org.internvl4j.server.source;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.internvl4j.media.pdf.Pdf;
import org.internvl4j.media.pdf.PdfException;
import org.internvl4j.media.pdf.PdfOptions;
import org.internvl4j.media.pdf.PdfPage;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PictureRefusedException.Kind;

/// Pages of PDF files of strangers: less is unpacked, and drawing ends sooner, than for those of
/// the command line.
final class PdfReader {
  private static final int UNPACKED = 1 << 28; // bytes of anything within a page
  private static final long SCRATCH = 1L << 29; // bytes of a file
  private static final Duration TIME = Duration.ofSeconds(20); // of a page

  private final SourceOptions options;

  PdfReader(SourceOptions options) {
    this.options = options;
  }

  /// Pages as pictures.
  ///
  /// @param bytes the file
  /// @param ranges `1-3,7`; blank for all
  /// @param tiling how the pictures will be cut
  /// @param most pages, at least 1
  /// @param pixels hears how many each has, before it is drawn
  /// @throws PictureRefusedException if it is no PDF, damaged, needs a password, has no such pages
  ///   or is above a limit
  List<PdfPage> pages(byte[] bytes, String ranges, Tiling tiling, int most, LongConsumer pixels) {
    int largest = (int) Math.min(Integer.MAX_VALUE, options.pixels());
    PdfOptions limits = new PdfOptions(options.bytes(), most, largest, UNPACKED, SCRATCH, TIME);
    try (Pdf pdf = Pdf.of(bytes, "file", limits)) {
      List<PdfPage> pages = new ArrayList<>();
      for (int number : numbers(pdf, ranges)) {
        pixels.accept(pdf.pixels(number, tiling));
        pages.add(pdf.page(number, tiling));
      }
      return pages;
    } catch (PdfException e) {
      throw new PictureRefusedException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
    }
  }

  private static int[] numbers(Pdf pdf, String ranges) {
    try {
      return pdf.numbers(ranges);
    } catch (IllegalArgumentException e) {
      throw new PictureRefusedException(Kind.NOT_FOUND, String.valueOf(e.getMessage()), e);
    }
  }
}
