package org.internvl4j.media.pdf;

import java.time.Duration;

/// What [Pdf] may read and how. Immutable.
///
/// @param maxBytes longest file in bytes
/// @param maxPages most pages of one call
/// @param maxPixels most pixels of a page's picture, and of a picture within a page
/// @param maxStream most bytes of anything within a page, unpacked
/// @param maxScratch most bytes that a file may keep unpacked, in memory or in a temporary file
/// @param deadline longest time of one page
public record PdfOptions(
    long maxBytes, int maxPages, int maxPixels, int maxStream, long maxScratch, Duration deadline) {
  /// 256 MiB a file, 64 pages a call, 100 million pixels, 512 MiB unpacked, 1 GiB in all, a minute
  /// a page.
  public static final PdfOptions DEFAULT =
      new PdfOptions(1L << 28, 64, 100_000_000, 1 << 29, 1L << 30, Duration.ofMinutes(1));

  /// @throws IllegalArgumentException if a limit is below 1
  public PdfOptions {
    if (maxBytes < 1
        || maxPages < 1
        || maxPixels < 1
        || maxStream < 1
        || maxScratch < 1
        || !deadline.isPositive()) {
      throw new IllegalArgumentException(
          "pdf options: limits must be above 0, found maxBytes %d, maxPages %d, maxPixels %d, maxStream %d, maxScratch %d, deadline %s"
              .formatted(maxBytes, maxPages, maxPixels, maxStream, maxScratch, deadline));
    }
  }

  /// The same with another limit on the file.
  public PdfOptions withMaxBytes(long max) {
    return new PdfOptions(max, maxPages, maxPixels, maxStream, maxScratch, deadline);
  }

  /// The same with another limit on the pages of one call.
  public PdfOptions withMaxPages(int max) {
    return new PdfOptions(maxBytes, max, maxPixels, maxStream, maxScratch, deadline);
  }

  /// The same with another limit on pixels.
  public PdfOptions withMaxPixels(int max) {
    return new PdfOptions(maxBytes, maxPages, max, maxStream, maxScratch, deadline);
  }

  /// The same with another limit on what lies packed within a page.
  public PdfOptions withMaxStream(int max) {
    return new PdfOptions(maxBytes, maxPages, maxPixels, max, maxScratch, deadline);
  }

  /// The same with another time for one page.
  public PdfOptions withDeadline(Duration most) {
    return new PdfOptions(maxBytes, maxPages, maxPixels, maxStream, maxScratch, most);
  }
}
