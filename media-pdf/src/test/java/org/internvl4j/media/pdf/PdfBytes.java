package org.internvl4j.media.pdf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/// PDF files, written by hand.
final class PdfBytes {
  private PdfBytes() {}

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] stream(String dictionary, byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("<< %s /Length %d >>\nstream\n".formatted(dictionary, data.length)));
    out.writeBytes(data);
    out.writeBytes(ascii("\nendstream"));
    return out.toByteArray();
  }

  static byte[] deflated(byte[] data) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (var deflate = new DeflaterOutputStream(out, new Deflater(Deflater.BEST_COMPRESSION))) {
      deflate.write(data);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return out.toByteArray();
  }

  /// One page of `box` points; `objects` have numbers from 5 on. Without a table: the library finds
  /// the objects.
  static byte[] page(String box, String resources, String content, byte[]... objects) {
    String ofPage = "/MediaBox [%s] /Resources << %s >>".formatted(box, resources);
    return page("", ofPage, ascii(content), objects);
  }

  /// As the other, with all that is said of the page.
  ///
  /// @param ofAll what else the parent of the page holds
  /// @param ofPage what else the page holds
  static byte[] page(String ofAll, String ofPage, byte[] content, byte[]... objects) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(ascii("%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"));
    out.writeBytes(
        ascii(
            "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 %s >>\nendobj\n3 0 obj\n"
                .formatted(ofAll)));
    out.writeBytes(ascii("<< /Type /Page /Parent 2 0 R /Contents 4 0 R %s >>".formatted(ofPage)));
    out.writeBytes(ascii("\nendobj\n4 0 obj\n"));
    out.writeBytes(stream("", content));
    for (int i = 0; i < objects.length; i++) {
      out.writeBytes(ascii("\nendobj\n%d 0 obj\n".formatted(5 + i)));
      out.writeBytes(objects[i]);
    }
    out.writeBytes(ascii("\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"));
    return out.toByteArray();
  }
}
