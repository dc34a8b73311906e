package org.internvl4j.media.pdf;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.apache.pdfbox.cos.COSArray;
import org.apache.pdfbox.cos.COSBase;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.cos.COSObject;
import org.apache.pdfbox.cos.COSStream;
import org.apache.pdfbox.filter.FilterFactory;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDResources;
import org.internvl4j.media.JpegScans;
import org.internvl4j.media.Watch;
import org.jspecify.annotations.Nullable;

/// How much comes out of what lies packed in a page: looked at before the page is drawn, for a few
/// kilobytes can hold gigabytes.
final class Packed {
  private static final int MOST_OBJECTS = 200_000;

  /// Ways that lead out of a page, and that drawing it does not take.
  private static final Set<String> ELSEWHERE =
      Set.of(
          "Parent",
          "P",
          "A",
          "AA",
          "PA",
          "Dest",
          "B",
          "Popup",
          "IRT",
          "Metadata",
          "PieceInfo",
          "DPart",
          "SeparationInfo",
          "Ref",
          "AF");

  /// Dictionaries whose keys are names that the file gives: of resources, letters, colours, states.
  private static final Set<String> NAMED =
      Set.of(
          "XObject",
          "Font",
          "Pattern",
          "ColorSpace",
          "Shading",
          "ExtGState",
          "Properties",
          "CharProcs",
          "Colorants",
          "N",
          "R",
          "D");

  /// Filters of pictures but JPEGs, whose size the pictures' headers tell.
  private static final Set<String> PICTURES =
      Set.of("JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "CCF");

  private static final Set<String> JPEG = Set.of("DCTDecode", "DCT");

  private static final long MOST_INLINE = 100_000_000; // pixels of all scans

  private final String what;
  private final PdfOptions options;
  private final long mostWork;
  private final Deque<Part> open = new ArrayDeque<>();
  private final Set<COSBase> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Set<COSBase> seenNamed = Collections.newSetFromMap(new IdentityHashMap<>());

  private Packed(String what, PdfOptions options, long mostWork) {
    this.what = what;
    this.options = options;
    this.mostWork = mostWork;
  }

  /// @param what the page, in messages
  /// @throws PdfException if anything unpacks to more bytes than `options` allow, or a JPEG has too
  ///   many scans
  static void require(PDDocument document, PDPage page, String what, PdfOptions options)
      throws IOException {
    Packed packed = new Packed(what, options, Long.MAX_VALUE);
    packed.open.push(new Part(page.getCOSObject(), false));
    PDResources resources = page.getResources(); // those of its parents, if it has none
    if (resources != null) {
      packed.open.push(new Part(resources.getCOSObject(), false));
    }
    COSDictionary form =
        document.getDocumentCatalog().getCOSObject().getCOSDictionary(COSName.ACRO_FORM);
    COSBase shared = form == null ? null : form.getItem(COSName.DR); // fonts of free texts
    if (shared != null) {
      packed.open.push(new Part(shared, false));
    }
    packed.walk();
  }

  /// The same for a picture within the text. Such pictures are small: what is decoded of them is
  /// limited, too, since nothing ends it.
  ///
  /// @param data null if there is none
  static void requireInline(COSDictionary picture, byte @Nullable [] data, PdfOptions options) {
    COSBase filter = picture.getDictionaryObject(COSName.F, COSName.FILTER);
    if (data != null && filter != null) {
      new Packed("a picture within the text", options, MOST_INLINE)
          .measure(filters(filter), new ByteArrayInputStream(data), picture);
    }
  }

  private void walk() throws IOException {
    while (!open.isEmpty()) {
      Watch.INTERRUPT.look();
      Part part = open.pop();
      COSBase found = part.at instanceof COSObject indirect ? indirect.getObject() : part.at;
      if (found == null || !(part.named ? seenNamed : seen).add(found)) {
        continue;
      }
      if (seen.size() + seenNamed.size() > MOST_OBJECTS) {
        throw new PdfException(
            "%s has more than %d parts; print it to a new PDF".formatted(what, MOST_OBJECTS));
      }
      if (found instanceof COSArray array) {
        array.forEach(value -> open.push(new Part(value, false)));
      } else if (found instanceof COSDictionary dictionary) {
        if (dictionary instanceof COSStream stream) {
          measure(stream);
        }
        openAll(dictionary, part.named);
      }
    }
  }

  private void openAll(COSDictionary dictionary, boolean named) {
    for (COSName key : dictionary.keySet()) {
      COSBase value = dictionary.getItem(key);
      if (value != null && (named || !ELSEWHERE.contains(key.getName()))) {
        open.push(new Part(value, NAMED.contains(key.getName())));
      }
    }
  }

  private void measure(COSStream stream) {
    try (InputStream raw = stream.createRawInputStream()) {
      measure(filters(stream), raw, stream);
    } catch (IOException e) {
      // Damaged: what comes out of it is told when it is drawn.
    }
  }

  private void measure(List<String> filters, InputStream raw, COSDictionary parameters) {
    try {
      InputStream packed = raw;
      for (int i = 0; i < filters.size() && !PICTURES.contains(filters.get(i)); i++) {
        if (JPEG.contains(filters.get(i))) {
          measureJpeg(packed.readAllBytes(), parameters);
          return;
        }
        boolean more = i + 1 < filters.size();
        Counter out = new Counter(more);
        FilterFactory.INSTANCE
            .getFilter(COSName.getPDFName(filters.get(i)))
            .decode(packed, out, parameters, i);
        packed = new ByteArrayInputStream(out.kept.toByteArray());
      }
    } catch (TooMuchException e) {
      throw new PdfException(
          "%s has a part that unpacks to more than the limit of %d bytes; the file is made to hurt, or print it to a new PDF"
              .formatted(what, options.maxStream()),
          e);
    } catch (IOException e) {
      // Damaged: what comes out of it is told when it is drawn.
    }
  }

  private void measureJpeg(byte[] jpeg, COSDictionary parameters) {
    JpegScans scans = mostWork == MOST_INLINE ? JpegScans.ofAll(jpeg) : JpegScans.of(jpeg);
    String why = scans.tooMany();
    if (why == null && scans.work() > mostWork) {
      why =
          "the JPEG has %d scans of %d pixels, more than the limit of %d pixels together"
              .formatted(scans.count(), scans.pixels(), mostWork);
    }
    long width = parameters.getInt(COSName.W, COSName.WIDTH, 0);
    long height = parameters.getInt(COSName.H, COSName.HEIGHT, 0);
    if (scans.pixels() > options.maxPixels() && width * height <= options.maxPixels()) {
      why =
          "the JPEG has %d pixels, more than the limit of %d, and is said to have %d x %d"
              .formatted(scans.pixels(), options.maxPixels(), width, height);
    }
    if (why != null) {
      throw new PdfException("%s cannot be drawn (%s); print it to a new PDF".formatted(what, why));
    }
  }

  static List<String> filters(COSStream stream) {
    return filters(stream.getFilters());
  }

  private static List<String> filters(@Nullable COSBase filters) {
    return switch (filters) {
      case COSName one -> List.of(one.getName());
      case COSArray several ->
          several.toList().stream()
              .filter(COSName.class::isInstance)
              .map(name -> ((COSName) name).getName())
              .toList();
      case null, default -> List.of();
    };
  }

  /// An object on the way.
  ///
  /// @param named whether its keys are names that the file gives; what is such a dictionary in one
  ///   place may be another in the next, and is walked as both
  private record Part(COSBase at, boolean named) {}

  private static final class TooMuchException extends IOException {
    private static final long serialVersionUID = 1;
  }

  private final class Counter extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final boolean keeps;
    private long count;

    Counter(boolean keeps) {
      this.keeps = keeps;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      count += length;
      if (count > options.maxStream()) {
        throw new TooMuchException();
      }
      if (keeps) {
        kept.write(bytes, from, length);
      }
    }
  }
}
