package org.internvl4j.models.text;

import java.util.Arrays;

/// The characters that stand for bytes in a byte-level vocabulary (Radford et al. 2019; GPT-2
/// `bytes_to_unicode`): printable Latin-1 stands for itself, the other 68 bytes in ascending order
/// for U+0100 ….
final class ByteTable {
  private static final char[] CHARS = chars();
  private static final short[] BYTES = bytes();

  private ByteTable() {}

  /// The character of a byte of `0 … 255`.
  static char charOf(int value) {
    return CHARS[value];
  }

  /// The byte of a character, or -1.
  static int byteOf(char c) {
    return c < BYTES.length ? BYTES[c] : -1;
  }

  private static char[] chars() {
    char[] chars = new char[256];
    char spare = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      chars[b] = printable ? (char) b : spare++;
    }
    return chars;
  }

  private static short[] bytes() {
    short[] bytes = new short[0x100 + 68];
    Arrays.fill(bytes, (short) -1);
    for (int b = 0; b < 256; b++) {
      bytes[CHARS[b]] = (short) b;
    }
    return bytes;
  }
}
