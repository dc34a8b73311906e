package org.internvl4j.server;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Small PDF files, written by hand.
final class PdfText {
  private static final String ENCRYPTED =
      """
      << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>\
      """
          .formatted("28".repeat(32), "5c".repeat(32));

  private PdfText() {}

  /// Pages with a black bar each, which is the longer the later the page.
  ///
  /// @param more of what each page draws; `/P Do` is a picture that cannot be decoded
  static byte[] of(int pages, String more) {
    return bytes(objects(pages, more), "");
  }

  /// A file that needs a password.
  static byte[] locked() {
    List<String> objects = objects(1, "");
    objects.add(ENCRYPTED);
    String trailer = "/Encrypt %d 0 R /ID [<00> <00>]".formatted(objects.size());
    return bytes(objects, trailer);
  }

  private static List<String> objects(int pages, String more) {
    List<String> objects = new ArrayList<>();
    StringBuilder kids = new StringBuilder();
    objects.add("<< /Type /Catalog /Pages 2 0 R >>");
    objects.add("");
    objects.add(
        stream(
            "/Type /XObject /Subtype /Image /Width 8 /Height 8 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /JPXDecode",
            "none"));
    for (int page = 1; page <= pages; page++) {
      int number = objects.size() + 1;
      kids.append(number).append(" 0 R ");
      objects.add(
          "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents %d 0 R /Resources << /XObject << /P 3 0 R >> >> >>"
              .formatted(number + 1));
      objects.add(stream("", "10 80 %d 40 re f\n%s\n".formatted(60 * page, more)));
    }
    objects.set(1, "<< /Type /Pages /Count %d /Kids [%s] >>".formatted(pages, kids));
    return objects;
  }

  private static String stream(String dictionary, String data) {
    return "<< %s /Length %d >>\nstream\n%s\nendstream".formatted(dictionary, data.length(), data);
  }

  private static byte[] bytes(List<String> objects, String trailer) {
    StringBuilder file = new StringBuilder("%PDF-1.7\n");
    StringBuilder table = new StringBuilder("0000000000 65535 f \n");
    for (int i = 0; i < objects.size(); i++) {
      table.append("%010d 00000 n \n".formatted(file.length()));
      file.append(i + 1).append(" 0 obj\n").append(objects.get(i)).append("\nendobj\n");
    }
    int size = objects.size() + 1;
    int start = file.length();
    file.append(
        "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n"
            .formatted(size, table, size, trailer, start));
    return file.toString().getBytes(StandardCharsets.ISO_8859_1);
  }
}
