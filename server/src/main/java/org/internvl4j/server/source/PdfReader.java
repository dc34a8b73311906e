package org.internvl4j.server.source;

import java.time.Duration;
import org.internvl4j.media.pdf.Pdf;
import org.internvl4j.media.pdf.PdfException;
import org.internvl4j.media.pdf.PdfOptions;
import org.internvl4j.media.pdf.PdfPage;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PictureRefusedException.Kind;

/// A PDF file of a stranger: less is unpacked, and drawing ends sooner, than for those of the
/// command line. One thread at a time.
public final class PdfReader implements AutoCloseable {
  private static final int UNPACKED = 1 << 28; // bytes of anything within a page
  private static final long SCRATCH = 1L << 29; // bytes of a file
  private static final Duration PAGE = Duration.ofSeconds(20);
  private static final Duration ALL = Duration.ofSeconds(60); // pages of a file together

  private final Pdf pdf;
  private final int[] numbers;
  private final Tiling tiling;
  private long spent; // ns

  private PdfReader(Pdf pdf, int[] numbers, Tiling tiling) {
    this.pdf = pdf;
    this.numbers = numbers;
    this.tiling = tiling;
  }

  /// Opens a file.
  ///
  /// @param bytes the file
  /// @param ranges `1-3,7`; blank for all
  /// @param tiling how the pictures will be cut
  /// @param most pages, at least 1
  /// @throws PictureRefusedException if it is no PDF, damaged, needs a password, has no such pages
  ///   or is above a limit
  static PdfReader of(byte[] bytes, String ranges, Tiling tiling, int most, SourceOptions options) {
    int largest = (int) Math.min(Integer.MAX_VALUE, options.pixels());
    PdfOptions limits = new PdfOptions(options.bytes(), most, largest, UNPACKED, SCRATCH, PAGE);
    Pdf pdf;
    try {
      pdf = Pdf.of(bytes, "file", limits);
    } catch (PdfException e) {
      throw refused(e);
    }
    try {
      return new PdfReader(pdf, pdf.numbers(ranges), tiling);
    } catch (PdfException e) {
      pdf.close();
      throw refused(e);
    } catch (IllegalArgumentException e) {
      pdf.close();
      throw new PictureRefusedException(Kind.NOT_FOUND, String.valueOf(e.getMessage()), e);
    }
  }

  /// Pages that are asked for.
  public int count() {
    return numbers.length;
  }

  /// Pixels that one will have.
  ///
  /// @param i among those asked for, from 0
  /// @throws PictureRefusedException if it is damaged
  public long pixels(int i) {
    try {
      return pdf.pixels(numbers[i], tiling);
    } catch (PdfException e) {
      throw refused(e);
    }
  }

  /// Draws one.
  ///
  /// @param i among those asked for, from 0
  /// @throws PictureRefusedException if it is damaged, or they take too long
  public PdfPage page(int i) {
    if (spent > ALL.toNanos()) {
      throw new PictureRefusedException(
          Kind.TOO_LARGE,
          "file: its pages take more than %d seconds to draw; name fewer"
              .formatted(ALL.toSeconds()));
    }
    long start = System.nanoTime();
    try {
      return pdf.page(numbers[i], tiling);
    } catch (PdfException e) {
      throw refused(e);
    } finally {
      spent += System.nanoTime() - start;
    }
  }

  private static RuntimeException refused(PdfException e) {
    return e.getCause() instanceof OutOfMemoryError
        ? new PictureRefusedException(
            Kind.BUSY, "server: is out of memory for now; ask again later, or for fewer pages")
        : new PictureRefusedException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
  }

  @Override
  public void close() {
    pdf.close();
  }
}
