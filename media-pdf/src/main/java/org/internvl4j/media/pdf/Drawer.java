package org.internvl4j.media.pdf;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.apache.pdfbox.contentstream.operator.Operator;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.filter.MissingImageReaderException;
import org.apache.pdfbox.io.RandomAccessInputStream;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.graphics.image.PDImage;
import org.apache.pdfbox.pdmodel.graphics.image.PDImageXObject;
import org.apache.pdfbox.rendering.PDFRenderer;
import org.apache.pdfbox.rendering.PageDrawer;
import org.apache.pdfbox.rendering.PageDrawerParameters;
import org.internvl4j.media.WatchedStreams;
import org.jspecify.annotations.Nullable;

/// Draws a page and keeps account of what it could not draw; the library would only log it. Ends
/// when its time is over, or its thread is interrupted.
final class Drawer extends PDFRenderer {
  private static final int MOST_PROBLEMS = 20;
  private static final int MOST_SEGMENTS = 2_000_000; // of a path; edges lie outside the heap
  private static final Pattern OBJECT = Pattern.compile("\\w@\\p{XDigit}{3,}"); // as toString names

  static {
    WatchedStreams.register(RandomAccessInputStream.class);
  }

  private final PdfOptions options;
  private final LongSupplier clock;
  private final long end;
  private final List<String> problems = new ArrayList<>();
  private int pictures;

  /// @param clock in ns, as [System#nanoTime]
  Drawer(PDDocument document, PdfOptions options, LongSupplier clock) {
    super(document);
    this.options = options;
    this.clock = clock;
    this.end = clock.getAsLong() + options.deadline().toNanos();
    setSubsamplingAllowed(false);
  }

  /// Sentences about what is missing.
  List<String> problems() {
    return problems;
  }

  /// Draws a page; looks at the clock within its pictures, too.
  ///
  /// @param index counted from 0
  BufferedImage draw(int index, float scale) throws IOException {
    return WatchedStreams.call(this::lookAtTheClock, () -> renderImage(index, scale));
  }

  private void lookAtTheClock() {
    if (Thread.currentThread().isInterrupted()) {
      throw new CancellationException("drawing a page was interrupted");
    }
    if (clock.getAsLong() - end > 0) {
      throw new LateException(options.deadline());
    }
  }

  @Override
  protected PageDrawer createPageDrawer(PageDrawerParameters parameters) throws IOException {
    return new Page(parameters);
  }

  private void problem(String sentence) {
    if (problems.size() < MOST_PROBLEMS && !problems.contains(sentence)) {
      problems.add(sentence);
    }
  }

  /// The time of a page is over.
  static final class LateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LateException(Duration deadline) {
      super("drawing it takes longer than " + deadline.toSeconds() + " s");
    }
  }

  private final class Page extends PageDrawer {
    private int segments; // of the path at hand

    Page(PageDrawerParameters parameters) throws IOException {
      super(parameters);
    }

    @Override
    protected void processOperator(Operator operator, List<COSBase> operands) throws IOException {
      lookAtTheClock();
      if (isWithinLimits(operator)) {
        super.processOperator(operator, operands);
      }
    }

    private boolean isWithinLimits(Operator operator) {
      return switch (operator.getName()) {
        case "BI" -> isSmallEnough(operator);
        case "m", "l", "c", "v", "y", "h", "W", "W*" -> canGrow(1);
        case "re" -> canGrow(4);
        case "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "n" -> {
          segments = 0;
          yield true;
        }
        default -> true;
      };
    }

    /// Whether the path may have more segments; one that may not is forgotten, so that nothing is
    /// left to be painted.
    private boolean canGrow(int more) {
      segments += more;
      if (segments > MOST_SEGMENTS) {
        getLinePath().reset();
        problem(
            "a path is left out: it has more than the limit of %d segments"
                .formatted(MOST_SEGMENTS));
      }
      return segments <= MOST_SEGMENTS;
    }

    /// Looks at a picture within the text before it is decoded, which nothing would end.
    private boolean isSmallEnough(Operator operator) {
      try {
        Packed.requireInline(operator.getImageParameters(), operator.getImageData(), options);
        return true;
      } catch (PdfException e) {
        problem(reason(e));
        return false;
      }
    }

    @Override
    protected void operatorException(
        Operator operator, List<COSBase> operands, IOException exception) {
      String what =
          switch (operator.getName()) {
            case "Do" -> "a picture or drawing";
            case "BI", "ID", "EI" -> "a picture";
            default -> "a part (" + operator.getName() + ")";
          };
      problem(what + " cannot be drawn: " + reason(exception));
    }

    @Override
    public void drawImage(PDImage image) {
      lookAtTheClock();
      String which =
          "picture %d (%d x %d%s)"
              .formatted(++pictures, image.getWidth(), image.getHeight(), format(image));
      if ((long) image.getWidth() * image.getHeight() > options.maxPixels()) {
        problem(
            "%s is left out: it has more than the limit of %d pixels"
                .formatted(which, options.maxPixels()));
        return;
      }
      try {
        String missing = missing(image);
        if (missing != null) {
          problem(which + " is incomplete: " + missing);
        }
        super.drawImage(image);
      } catch (IOException | OutOfMemoryError | StackOverflowError e) {
        problem(which + " cannot be decoded: " + reason(e));
      } catch (CancellationException | LateException e) {
        throw e;
      } catch (RuntimeException e) {
        problem(which + " cannot be decoded: " + reason(e));
      }
    }
  }

  private static String format(PDImage image) {
    if (image instanceof PDImageXObject object) {
      List<String> filters = Packed.filters(object.getCOSObject());
      return filters.isEmpty() ? "" : ", " + filters.getLast();
    }
    return ", within the text";
  }

  /// What of a picture's data is not there though the library draws it; null if nothing is known to
  /// be missing.
  private static @Nullable String missing(PDImage image) throws IOException {
    if (!(image instanceof PDImageXObject object)) {
      return null;
    }
    COSStream data = object.getCOSObject();
    List<String> filters = Packed.filters(data);
    String last = filters.isEmpty() ? "" : filters.getLast();
    return switch (last) {
      case "DCTDecode", "DCT" -> filters.size() == 1 ? jpegMissing(data) : null;
      case "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "CCF" -> null;
      default -> samplesMissing(object);
    };
  }

  private static @Nullable String jpegMissing(COSStream data) throws IOException {
    try (InputStream raw = data.createRawInputStream()) {
      byte[] jpeg = raw.readAllBytes();
      for (int at = jpeg.length - 2; at >= 0 && at >= jpeg.length - 4096; at--) {
        if ((jpeg[at] & 255) == 0xff && (jpeg[at + 1] & 255) == 0xd9) {
          return null;
        }
      }
      return "its JPEG data ends without an end mark";
    }
  }

  private static @Nullable String samplesMissing(PDImageXObject image) throws IOException {
    int channels = image.isStencil() ? 1 : image.getColorSpace().getNumberOfComponents();
    int bits = image.isStencil() ? 1 : image.getBitsPerComponent();
    long expected = ((long) image.getWidth() * channels * bits + 7) / 8 * image.getHeight();
    long found = 0;
    try (InputStream samples = image.createInputStream()) {
      byte[] part = new byte[1 << 14];
      for (int n = samples.read(part); n > 0 && found < expected; n = samples.read(part)) {
        found += n;
      }
    }
    return found < expected ? "it has %d of %d bytes of samples".formatted(found, expected) : null;
  }

  /// What the library said, as a part of a sentence.
  static String reason(Throwable e) {
    String said =
        switch (e) {
          case OutOfMemoryError _ ->
              "it takes more memory than the heap of %d MiB has"
                  .formatted(Runtime.getRuntime().maxMemory() >> 20);
          case StackOverflowError _ -> "it takes more stack than there is";
          case MissingImageReaderException _ -> "its format, such as JPEG 2000, is not read here";
          default -> e.getMessage() == null ? "" : e.getMessage();
        };
    String line = said.lines().findFirst().orElse("no reason given").strip();
    line = line.replaceAll("\\p{Cntrl}", " ").replaceAll("\\.$", "");
    line = line.isEmpty() || OBJECT.matcher(line).find() ? "no reason given" : line;
    return line.length() > 1
            && Character.isUpperCase(line.charAt(0))
            && Character.isLowerCase(line.charAt(1))
        ? line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1)
        : line;
  }
}
