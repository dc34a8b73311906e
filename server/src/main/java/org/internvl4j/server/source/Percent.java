package org.internvl4j.server.source;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Percent-encoding (RFC 3986, 2.1), once and strictly.
final class Percent {
  private Percent() {}

  /// The bytes that a text of printable ASCII stands for; null if a character is not such, or a
  /// percent sign has no two hexadecimal digits behind it.
  static byte @Nullable [] decode(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c > '~') {
        return null;
      }
      if (c != '%') {
        out.write(c);
        continue;
      }
      if (i + 2 >= text.length() || !isHex(text.charAt(i + 1)) || !isHex(text.charAt(i + 2))) {
        return null;
      }
      out.write(HexFormat.fromHexDigits(text, i + 1, i + 3));
      i += 2;
    }
    return out.toByteArray();
  }

  /// The text with everything encoded that is not ASCII or has no place in a URL, as browsers send
  /// it.
  static String encode(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      if (b > ' ' && b <= '~' && "\"<>^`{|}".indexOf(b) < 0) {
        out.append((char) b);
      } else {
        out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return out.toString();
  }

  private static boolean isHex(char c) {
    return c < 128 && HexFormat.isHexDigit(c);
  }
}
