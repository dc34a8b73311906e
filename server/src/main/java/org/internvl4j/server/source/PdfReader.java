package org.internvl4j.server.source;

import java.time.Duration;
import org.internvl4j.media.pdf.IsolatedPdf;
import org.internvl4j.media.pdf.PdfException;
import org.internvl4j.media.pdf.PdfOptions;
import org.internvl4j.media.pdf.PdfPage;
import org.internvl4j.models.image.Tiling;
import org.internvl4j.server.source.PictureRefusedException.Kind;

/// A PDF file of a stranger: drawn by a process of its own, less of it is unpacked, and drawing
/// ends sooner, than for those of the command line. One thread at a time.
public final class PdfReader implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(PdfReader.class.getName());
  private static final int UNPACKED = 1 << 28; // bytes of anything within a page
  private static final long SCRATCH = 1L << 28; // bytes of a file
  private static final Duration PAGE = Duration.ofSeconds(20);

  private final IsolatedPdf pdf;
  private final Tiling tiling;
  private final Duration patience;
  private long spent; // ns

  private PdfReader(IsolatedPdf pdf, Tiling tiling, Duration patience) {
    this.pdf = pdf;
    this.tiling = tiling;
    this.patience = patience;
  }

  /// Opens a file.
  ///
  /// @param bytes the file
  /// @param tiling how the pictures will be cut
  /// @param most pages that may be asked for, at least 1
  /// @throws PictureRefusedException if it is no PDF, damaged, needs a password, or is above a
  ///   limit
  static PdfReader of(byte[] bytes, Tiling tiling, int most, SourceOptions options) {
    int largest = (int) Math.min(Integer.MAX_VALUE, options.pixels());
    PdfOptions limits = new PdfOptions(options.bytes(), most, largest, UNPACKED, SCRATCH, PAGE);
    try {
      return new PdfReader(IsolatedPdf.of(bytes, "file", limits), tiling, options.times().pages());
    } catch (PdfException e) {
      throw refused(e);
    }
  }

  /// The numbers of the pages that somebody asks for.
  ///
  /// @param ranges `1-3,7`; blank for all
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there, or
  ///   too many
  public int[] numbers(String ranges) {
    try {
      return pdf.numbers(ranges);
    } catch (PdfException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /// Pixels that a page will have.
  ///
  /// @throws PictureRefusedException if it is damaged
  public long pixels(int number) {
    try {
      return pdf.pixels(number, tiling);
    } catch (PdfException e) {
      throw refused(e);
    }
  }

  /// Draws a page.
  ///
  /// @throws PictureRefusedException if it is damaged, or they take too long
  public PdfPage page(int number) {
    if (spent > patience.toNanos()) {
      throw new PictureRefusedException(
          Kind.TOO_LARGE,
          "file: its pages take more than %d seconds to draw; name fewer"
              .formatted(patience.toSeconds()));
    }
    long start = System.nanoTime();
    try {
      return pdf.page(number, tiling);
    } catch (PdfException e) {
      throw refused(e);
    } finally {
      spent += System.nanoTime() - start;
    }
  }

  private static PictureRefusedException refused(PdfException e) {
    if (e.isOfMachine()) {
      LOG.log(System.Logger.Level.WARNING, "server: a PDF file cannot be drawn", e);
      return new PictureRefusedException(
          Kind.BUSY, "server: cannot draw PDF files for now; ask again later");
    }
    return new PictureRefusedException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
  }

  @Override
  public void close() {
    pdf.close();
  }
}
