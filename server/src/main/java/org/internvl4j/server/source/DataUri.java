package org.internvl4j.server.source;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
import org.internvl4j.server.source.PictureRefusedException.Kind;

/// `data:` URIs (RFC 2397) and bare base64. What a media type claims is checked for its form and
/// then ignored.
final class DataUri {
  private static final int LONGEST_HEAD = 512;
  private static final String TOKEN = "[A-Za-z0-9!#$&^_.+*'~%-]++";
  private static final Pattern HEAD =
      Pattern.compile("(?:" + TOKEN + "/" + TOKEN + ")?(?:;" + TOKEN + "=" + TOKEN + ")*+");

  private DataUri() {}

  /// The bytes of `data:[<type>/<subtype>][;<name>=<value>]*[;base64],<data>`.
  static byte[] decode(String uri, int maxBytes) {
    int comma = uri.indexOf(',');
    if (comma < 0 || comma > LONGEST_HEAD) {
      throw PictureRefusedException.broken(
          "a data: URI has a comma before its data, as in data:image/png;base64,DATA");
    }
    String head = uri.substring("data:".length(), comma);
    String encoding = ";base64";
    int cut = head.length() - encoding.length();
    boolean isBase64 = head.regionMatches(true, cut, encoding, 0, encoding.length());
    String type = isBase64 ? head.substring(0, cut) : head;
    if (!HEAD.matcher(type).matches()) {
      throw PictureRefusedException.broken(
          "a data: URI begins with its media type, as in data:image/png;base64,DATA; found something else before the comma");
    }
    String data = uri.substring(comma + 1);
    if (!isBase64) {
      return checked(plain(data), maxBytes);
    }
    return base64(data.indexOf('%') < 0 ? data : latin1(plain(data)), maxBytes);
  }

  /// The bytes of standard base64; line breaks as mail and `base64` make them are left out.
  static byte[] base64(String text, int maxBytes) {
    boolean broken = text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0;
    String line = broken ? text.replace("\r", "").replace("\n", "") : text;
    if (line.length() / 4 * 3L > maxBytes + 2L) {
      throw PictureRefusedException.tooLarge(maxBytes);
    }
    byte[] bytes;
    try {
      // what is not Latin-1 turns into a question mark, which is not of the alphabet
      bytes = Base64.getDecoder().decode(line.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IllegalArgumentException e) {
      throw new PictureRefusedException(
          Kind.BROKEN,
          "the file is not base64 of the standard alphabet (A-Z, a-z, 0-9, +, /); encode its file again",
          e);
    }
    return checked(bytes, maxBytes);
  }

  private static byte[] plain(String data) {
    byte[] bytes = Percent.decode(data);
    if (bytes == null) {
      throw PictureRefusedException.broken(
          "the data of a data: URI is printable ASCII, and every % has two hexadecimal digits behind it");
    }
    return bytes;
  }

  private static byte[] checked(byte[] bytes, int maxBytes) {
    if (bytes.length > maxBytes) {
      throw PictureRefusedException.tooLarge(maxBytes);
    }
    if (bytes.length == 0) {
      throw PictureRefusedException.broken("the file is empty");
    }
    return bytes;
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
