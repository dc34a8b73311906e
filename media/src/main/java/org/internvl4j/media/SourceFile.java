package org.internvl4j.media;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// The bytes of a picture file and its name in messages. Reads past the end throw
/// [PictureException], so header code needs no checks of its own.
record SourceFile(String name, byte[] bytes) {
  int length() {
    return bytes.length;
  }

  PictureException damaged(String what) {
    return new PictureException("%s: %s; the file is damaged".formatted(name, what));
  }

  PictureException cutOff(String where) {
    return new PictureException(
        "%s: the file ends after %d bytes in %s; it looks cut off"
            .formatted(name, bytes.length, where));
  }

  int u8(long at) {
    if (at < 0 || at >= bytes.length) {
      throw cutOff("its header");
    }
    return bytes[(int) at] & 255;
  }

  int u16be(long at) {
    return u8(at) << 8 | u8(at + 1);
  }

  int u16le(long at) {
    return u8(at) | u8(at + 1) << 8;
  }

  int u24le(long at) {
    return u16le(at) | u8(at + 2) << 16;
  }

  long u32be(long at) {
    return (long) u16be(at) << 16 | u16be(at + 2);
  }

  long u32le(long at) {
    return u16le(at) | (long) u16le(at + 2) << 16;
  }

  int i32le(long at) {
    return (int) u32le(at);
  }

  boolean startsWith(String latin1) {
    return hasAt(0, latin1);
  }

  /// Whether the bytes from `at` on spell `latin1`.
  boolean hasAt(long at, String latin1) {
    byte[] wanted = latin1.getBytes(StandardCharsets.ISO_8859_1);
    return at >= 0
        && at + wanted.length <= bytes.length
        && Arrays.equals(bytes, (int) at, (int) at + wanted.length, wanted, 0, wanted.length);
  }

  /// The four bytes at `at` as text, for messages and comparisons.
  String fourCc(long at) {
    u8(at + 3);
    return new String(bytes, (int) at, 4, StandardCharsets.ISO_8859_1);
  }

  /// The first bytes in hexadecimal, for messages about files of no known kind.
  String firstBytes() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(8, bytes.length); i++) {
      text.append(i == 0 ? "" : " ").append(String.format(Locale.ROOT, "%02x", bytes[i]));
    }
    return text.toString();
  }
}
