package org.internvl4j.models.text;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// UTF-8 that comes byte by byte, to characters; what is not UTF-8 becomes U+FFFD.
final class Utf8 {
  static final char REPLACEMENT = '\uFFFD';

  private final boolean replaceEachByte;
  private final byte[] held = new byte[4];
  private int count;
  private int needed;

  /// @param replaceEachByte whether each byte of a cut-off character becomes a U+FFFD, as
  ///   SentencePiece does; else all together become one (Unicode 16, section 3.9, "maximal
  ///   subparts")
  Utf8(boolean replaceEachByte) {
    this.replaceEachByte = replaceEachByte;
  }

  void push(int value, StringBuilder out) {
    if (count > 0 && !continues(value)) {
      flush(out);
    }
    if (count > 0) {
      held[count++] = (byte) value;
      if (count == needed) {
        out.appendCodePoint(codePoint());
        count = 0;
      }
    } else if (value < 0x80) {
      out.append((char) value);
    } else if (value >= 0xC2 && value <= 0xF4) {
      held[count++] = (byte) value;
      needed = value < 0xE0 ? 2 : value < 0xF0 ? 3 : 4;
    } else {
      out.append(REPLACEMENT);
    }
  }

  /// Ends the text: what is held is not UTF-8.
  void flush(StringBuilder out) {
    if (count > 0) {
      out.repeat(REPLACEMENT, replaceEachByte ? count : 1);
      count = 0;
    }
  }

  /// Whether bytes are held.
  boolean isPending() {
    return count > 0;
  }

  /// The well-formed sequences (Unicode 16, table 3-7): only the second byte has special ranges.
  private boolean continues(int value) {
    if (count == 1) {
      switch (held[0] & 0xFF) {
        case 0xE0 -> {
          return value >= 0xA0 && value <= 0xBF;
        }
        case 0xED -> {
          return value >= 0x80 && value <= 0x9F;
        }
        case 0xF0 -> {
          return value >= 0x90 && value <= 0xBF;
        }
        case 0xF4 -> {
          return value >= 0x80 && value <= 0x8F;
        }
        default -> {}
      }
    }
    return value >= 0x80 && value <= 0xBF;
  }

  private int codePoint() {
    int value = held[0] & (0xFF >> (needed + 1));
    for (int i = 1; i < needed; i++) {
      value = (value << 6) | (held[i] & 0x3F);
    }
    return value;
  }

  /// The text, or null if the bytes are not UTF-8.
  static @Nullable String decodeStrictly(byte[] bytes, int from, int length) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes, from, length))
          .toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /// The text with U+FFFD in place of each lone surrogate.
  static String withoutLoneSurrogates(String text) {
    StringBuilder clean = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < text.length()
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
          continue;
        }
        clean = clean == null ? new StringBuilder(text) : clean;
        clean.setCharAt(i, REPLACEMENT);
      }
    }
    return clean == null ? text : clean.toString();
  }
}
