package org.internvl4j.media.pdf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.io.MemoryUsageSetting;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;

/// A PDF file: how many pages it has, and each as a picture.
///
/// A page is drawn at the resolution that fills the tiles it will be cut into, and no finer. What
/// could not be drawn is told with it ([PdfPage#problems]). Nothing in a file is run, and nothing
/// outside it is read but the fonts of the system. One thread at a time; an interrupt ends a call
/// with a [CancellationException].
///
/// Time and interrupts are looked at before each operator of a page and within its pictures: a file
/// that is made to hurt can hold up its thread, or fill the heap, within one operator, or while it
/// is opened. Files of strangers belong into an [IsolatedPdf].
public final class Pdf implements AutoCloseable {
  private static final long IN_MEMORY = 32L << 20; // bytes unpacked before a temporary file is used
  private static final int HEAD = 1024; // bytes in which %PDF- lies
  private static final int TAIL = 2048; // bytes in which %%EOF lies
  private static final long LONGEST_ARRAY = Integer.MAX_VALUE - 8; // bytes
  private static final double LONGEST_SIDE = 1e6; // points, 350 m

  private final String name;
  private final PDDocument document;
  private final PdfOptions options;
  private final int pageCount;

  private Pdf(String name, PDDocument document, PdfOptions options) {
    this.name = name;
    this.document = document;
    this.options = options;
    this.pageCount = document.getNumberOfPages();
  }

  /// Opens a file with [PdfOptions#DEFAULT]; the caller closes it.
  ///
  /// @throws PdfException if there is no such file, it is no PDF, damaged, needs a password, or is
  ///   above a limit
  public static Pdf open(Path file) {
    return open(file, PdfOptions.DEFAULT);
  }

  /// Opens a file; the caller closes it.
  ///
  /// @throws PdfException if there is no such file, it is no PDF, damaged, needs a password, or is
  ///   above a limit
  public static Pdf open(Path file, PdfOptions options) {
    String name = file.toString();
    return opened(
        name,
        options,
        () -> {
          whole(file, options).close();
          return Loader.loadPDF(file.toFile(), mixed(options).streamCache);
        });
  }

  /// What a file holds.
  ///
  /// @throws PdfException if there is no such file, it is no PDF, or is above a limit
  static byte[] read(Path file, PdfOptions options) {
    PdfOptions limits = options.withMaxBytes(Math.min(options.maxBytes(), LONGEST_ARRAY));
    return explained(
        file.toString(),
        () -> {
          try (FileChannel channel = whole(file, limits)) {
            return read(channel, 0, (int) channel.size());
          }
        });
  }

  /// Opens a file that looks like a whole PDF; the caller closes it.
  private static FileChannel whole(Path file, PdfOptions options) throws IOException {
    if (Files.isDirectory(file)) {
      throw new PdfException(file + ": is a folder, expected a PDF file");
    }
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new PdfException(file + ": is a pipe or device; save what it gives to a file");
    }
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      requireWhole(channel, file.toString(), options);
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /// Opens what a file holds; the caller closes it.
  ///
  /// @param name what sentences call it
  /// @throws PdfException if it is no PDF, damaged, needs a password, or is above a limit
  public static Pdf of(byte[] bytes, String name, PdfOptions options) {
    return of(bytes, name, options, mixed(options));
  }

  /// As [#of], without a temporary file, which whoever is killed leaves behind.
  static Pdf inMemory(byte[] bytes, String name, PdfOptions options) {
    return of(bytes, name, options, MemoryUsageSetting.setupMainMemoryOnly(options.maxScratch()));
  }

  private static Pdf of(byte[] bytes, String name, PdfOptions options, MemoryUsageSetting scratch) {
    return opened(
        name,
        options,
        () -> {
          requireWhole(bytes, name, options);
          return Loader.loadPDF(bytes, "", null, null, scratch.streamCache);
        });
  }

  private static MemoryUsageSetting mixed(PdfOptions options) {
    return MemoryUsageSetting.setupMixed(IN_MEMORY, options.maxScratch());
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  private static Pdf opened(String name, PdfOptions options, Reading<PDDocument> reading) {
    return explained(name, () -> opened(name, reading.read(), options));
  }

  /// What is read from a file, or a sentence about why not.
  private static <T> T explained(String name, Reading<T> reading) {
    try {
      return reading.read();
    } catch (InvalidPasswordException e) {
      throw new PdfException(
          name + ": needs a password; save it without one, as with qpdf --decrypt", e);
    } catch (NoSuchFileException e) {
      throw new PdfException(name + ": there is no such file", e);
    } catch (AccessDeniedException e) {
      throw new PdfException(name + ": may not be read; check its permissions", e);
    } catch (ClosedByInterruptException e) {
      throw new CancellationException(name + ": reading was interrupted");
    } catch (PdfException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      // The library answers damaged files with exceptions of many kinds.
      throw damaged(name, e);
    }
  }

  private static Pdf opened(String name, PDDocument document, PdfOptions options)
      throws IOException {
    try {
      Pdf pdf = new Pdf(name, document, options);
      if (pdf.pageCount < 1) {
        throw new PdfException(name + ": has no pages; the file is damaged");
      }
      return pdf;
    } catch (RuntimeException | Error e) {
      document.close();
      throw e;
    }
  }

  private static PdfException damaged(String name, Throwable e) {
    return new PdfException(
        "%s: cannot be read as PDF (%s); the file is damaged".formatted(name, Drawer.reason(e)), e);
  }

  /// Looks at both ends of a file: the library would mend one that was cut off, and lose pages.
  private static void requireWhole(FileChannel file, String name, PdfOptions options)
      throws IOException {
    long size = file.size();
    requireWhole(
        size, read(file, 0, HEAD), read(file, Math.max(0, size - TAIL), TAIL), name, options);
  }

  private static void requireWhole(byte[] file, String name, PdfOptions options) {
    byte[] head = Arrays.copyOf(file, Math.min(HEAD, file.length));
    byte[] tail = Arrays.copyOfRange(file, Math.max(0, file.length - TAIL), file.length);
    requireWhole(file.length, head, tail, name, options);
  }

  private static void requireWhole(
      long size, byte[] head, byte[] tail, String name, PdfOptions options) {
    if (size > options.maxBytes()) {
      throw new PdfException(
          "%s: %d bytes long, more than the limit of %d; split the file, or raise maxBytes in Java"
              .formatted(name, size, options.maxBytes()));
    }
    if (!contains(head, "%PDF-")) {
      throw new PdfException(name + ": expected a PDF file, which begins with %PDF-");
    }
    if (!contains(tail, "%%EOF")) {
      throw new PdfException(
          "%s: the file ends after %d bytes without an end mark (%%%%EOF); it looks cut off"
              .formatted(name, size));
    }
  }

  private static boolean contains(byte[] bytes, String mark) {
    return new String(bytes, StandardCharsets.ISO_8859_1).contains(mark);
  }

  private static byte[] read(FileChannel channel, long at, int most) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(most);
    while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) >= 0) {
      // until the buffer is full or the file ends
    }
    return bytes.hasRemaining() ? Arrays.copyOf(bytes.array(), bytes.position()) : bytes.array();
  }

  /// Pages of the file, at least 1.
  public int pageCount() {
    return pageCount;
  }

  /// Pages that a person named.
  ///
  /// @param ranges `1-3,7`, `5-`, or nothing for all pages
  /// @param tiling how the pictures will be cut, such as the model's
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there
  /// @throws PdfException if a page is damaged, above a limit, or takes too long, or there are too
  ///   many
  public List<PdfPage> pages(String ranges, Tiling tiling, PageListener listener) {
    return pages(numbers(ranges), number -> page(number, tiling), listener);
  }

  static List<PdfPage> pages(int[] wanted, IntFunction<PdfPage> drawing, PageListener listener) {
    List<PdfPage> pages = new ArrayList<>();
    for (int number : wanted) {
      pages.add(drawing.apply(number));
      listener.drawn(pages.size(), wanted.length);
    }
    return pages;
  }

  /// The numbers of pages that a person named, counted from 1.
  ///
  /// @param ranges `1-3,7`, `5-`, or nothing for all pages
  /// @throws IllegalArgumentException if it is no such list, or names pages that are not there
  /// @throws PdfException if there are too many
  public int[] numbers(String ranges) {
    return PageRanges.parse(ranges, pageCount, options.maxPages(), name);
  }

  /// A page.
  ///
  /// @param number counted from 1
  /// @param tiling how the picture will be cut, such as the model's
  /// @throws IllegalArgumentException if there is no such page
  /// @throws PdfException if it is damaged, above a limit, or takes too long
  public PdfPage page(int number, Tiling tiling) {
    return read(
        number,
        (page, which) -> {
          Packed.require(document, page, which, options);
          Drawer drawer = new Drawer(document, options, System::nanoTime);
          float scale = scale(page, which, tiling);
          Picture picture = Pictures.of(drawer.draw(number - 1, scale));
          return new PdfPage(number, picture, drawer.problems());
        });
  }

  /// How many pixels the picture of a page will have, before it is drawn.
  ///
  /// @param number counted from 1
  /// @param tiling how the picture will be cut, such as the model's
  /// @throws IllegalArgumentException if there is no such page
  /// @throws PdfException if it is damaged
  public long pixels(int number, Tiling tiling) {
    return read(
        number,
        (page, which) -> {
          PDRectangle box = page.getCropBox();
          float scale = scale(page, which, tiling);
          long width = Math.max(1, (long) (box.getWidth() * scale));
          long height = Math.max(1, (long) (box.getHeight() * scale));
          return width * height;
        });
  }

  /// What is read from a page.
  private interface PageReading<T> {
    T read(PDPage page, String which) throws IOException;
  }

  private <T> T read(int number, PageReading<T> reading) {
    requirePage(number, pageCount, name);
    String which = "%s: page %d".formatted(name, number);
    try {
      return reading.read(document.getPage(number - 1), which);
    } catch (PdfException | CancellationException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      throw new PdfException(
          "%s cannot be drawn (%s); the file is damaged, or print it to a new PDF"
              .formatted(which, Drawer.reason(e)),
          e);
    }
  }

  static void requirePage(int number, int pageCount, String name) {
    if (number < 1 || number > pageCount) {
      throw new IllegalArgumentException(
          "%s: there is no page %d, it has pages 1 to %d".formatted(name, number, pageCount));
    }
  }

  private float scale(PDPage page, String which, Tiling tiling) {
    PDRectangle box = page.getCropBox();
    double width = box.getWidth();
    double height = box.getHeight();
    boolean sane = width > 0 && height > 0 && Math.max(width, height) <= LONGEST_SIDE;
    if (!sane) {
      throw new PdfException(
          "%s is %s x %s points large, expected sides above 0 and up to %.0f; the file is damaged"
              .formatted(which, width, height, LONGEST_SIDE));
    }
    boolean lies = page.getRotation() % 180 != 0;
    return Resolution.scale(
        lies ? height : width, lies ? width : height, tiling, options.maxPixels());
  }

  @Override
  public void close() {
    try {
      document.close();
    } catch (IOException e) {
      throw new PdfException(name + ": cannot be closed: " + Drawer.reason(e), e);
    }
  }
}
