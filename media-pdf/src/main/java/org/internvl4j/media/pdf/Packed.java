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

/// How much comes out of what lies packed in a page: looked at before the page is drawn, for a few
/// kilobytes can hold gigabytes.
final class Packed {
  private static final int MOST_OBJECTS = 200_000;

  /// Ways that lead out of a page.
  private static final Set<String> ELSEWHERE =
      Set.of("Parent", "P", "A", "AA", "Dest", "B", "Popup", "IRT", "StructParent", "Metadata");

  /// Filters of pictures, whose size the pictures' headers tell.
  private static final Set<String> PICTURES =
      Set.of("DCTDecode", "DCT", "JPXDecode", "JBIG2Decode", "CCITTFaxDecode", "CCF", "Crypt");

  private final String what;
  private final int most;

  private Packed(String what, int most) {
    this.what = what;
    this.most = most;
  }

  /// @param what the page, in messages
  /// @param most bytes of each
  /// @throws PdfException if anything unpacks to more
  static void require(COSDictionary page, String what, int most) throws IOException {
    new Packed(what, most).walk(page);
  }

  @SuppressWarnings("ReferenceEquality") // other pages may look the same
  private void walk(COSDictionary page) throws IOException {
    Set<COSBase> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<COSBase> open = new ArrayDeque<>();
    open.push(page);
    while (!open.isEmpty()) {
      COSBase next = open.pop();
      COSBase found = next instanceof COSObject indirect ? indirect.getObject() : next;
      if (found == null || !seen.add(found)) {
        continue;
      }
      if (seen.size() > MOST_OBJECTS) {
        throw new PdfException(
            "%s has more than %d parts; print it to a new PDF".formatted(what, MOST_OBJECTS));
      }
      if (found instanceof COSArray array) {
        array.forEach(open::push);
      } else if (found instanceof COSDictionary dictionary) {
        if (dictionary instanceof COSStream stream) {
          measure(stream);
        }
        boolean otherPage = found != page && COSName.PAGE.equals(dictionary.getItem(COSName.TYPE));
        if (!otherPage) {
          for (COSName key : dictionary.keySet()) {
            COSBase value = dictionary.getItem(key);
            if (value != null && !ELSEWHERE.contains(key.getName())) {
              open.push(value);
            }
          }
        }
      }
    }
  }

  private void measure(COSStream stream) throws IOException {
    List<String> filters = filters(stream);
    if (filters.isEmpty() || PICTURES.contains(filters.getFirst())) {
      return;
    }
    try (InputStream raw = stream.createRawInputStream()) {
      InputStream packed = raw;
      for (int i = 0; i < filters.size() && !PICTURES.contains(filters.get(i)); i++) {
        boolean more = i + 1 < filters.size();
        Counter out = new Counter(more);
        FilterFactory.INSTANCE
            .getFilter(COSName.getPDFName(filters.get(i)))
            .decode(packed, out, stream, i);
        packed = new ByteArrayInputStream(out.kept.toByteArray());
      }
    } catch (TooMuchException e) {
      throw new PdfException(
          "%s has a part that unpacks to more than the limit of %d bytes; the file is made to hurt, or print it to a new PDF"
              .formatted(what, most),
          e);
    } catch (IOException e) {
      // Damaged: what comes out of it is told when it is drawn.
    }
  }

  static List<String> filters(COSStream stream) {
    COSBase filters = stream.getFilters();
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
      if (count > most) {
        throw new TooMuchException();
      }
      if (keeps) {
        kept.write(bytes, from, length);
      }
    }
  }
}
