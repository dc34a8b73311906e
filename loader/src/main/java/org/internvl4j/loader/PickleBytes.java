package org.internvl4j.loader;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The bytes of a pickle from the first to the last; whatever lies behind them is never read.
final class PickleBytes {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int MAX_LINE = 1000;

  private final MemorySegment bytes;
  private final String file;
  private final String part;
  private long at;
  private long opcodeAt;

  /// @param part of the file, for messages: `data.pkl, `
  PickleBytes(MemorySegment bytes, String file, String part) {
    this.bytes = bytes;
    this.file = file;
    this.part = part;
  }

  /// Where the next byte is.
  long at() {
    return at;
  }

  long size() {
    return bytes.byteSize();
  }

  /// Something is wrong with the opcode read last.
  CheckpointException wrong(String what) {
    return new CheckpointException(file, part + "byte " + opcodeAt + ": " + what);
  }

  Opcode opcode() {
    opcodeAt = at;
    int code = u8();
    Opcode opcode = Opcode.of(code);
    if (opcode == null) {
      throw wrong("0x%02x is no opcode of a pickle".formatted(code));
    }
    return opcode;
  }

  int u8() {
    return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, take(1)));
  }

  int u16() {
    return Short.toUnsignedInt(bytes.get(U16, take(2)));
  }

  int i32() {
    return bytes.get(I32, take(4));
  }

  long u32() {
    return Integer.toUnsignedLong(i32());
  }

  /// A length or number of 64 bits; those beyond 2^63 are negative.
  long i64() {
    return bytes.get(I64, take(8));
  }

  void skip(long count) {
    take(count);
  }

  /// Two's complement, little-endian, of any length.
  Pickled integer(long count) {
    if (count > 8) {
      skip(count);
      return Pickled.Atom.NUMBER;
    }
    long value = 0;
    long from = take(count);
    for (int i = 0; i < count; i++) {
      long b = bytes.get(ValueLayout.JAVA_BYTE, from + i);
      value |= (i == count - 1 ? b : b & 0xff) << (8 * i);
    }
    return new Pickled.Int(value);
  }

  /// @throws CheckpointException if it is not UTF-8
  String text(long count) {
    String text = decoded(count);
    if (text == null) {
      throw wrong("a text that is not UTF-8");
    }
    return text;
  }

  /// A string of Python 2: a text, if it is one.
  Pickled string(long count) {
    String text = decoded(count);
    return text == null ? Pickled.Atom.BYTES : new Pickled.Text(text);
  }

  /// A text up to the end of the line.
  String line() {
    long most = Math.min(MAX_LINE, bytes.byteSize() - at);
    for (int i = 0; i < most; i++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, at + i) == '\n') {
        String line = text(i);
        skip(1);
        return line;
      }
    }
    throw wrong("a name that does not end within " + most + " bytes");
  }

  private @Nullable String decoded(long count) {
    ByteBuffer encoded = bytes.asSlice(take(count), count).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  private long take(long count) {
    long left = bytes.byteSize() - at;
    if (count < 0 || count > left) {
      throw wrong(
          "reads "
              + Long.toUnsignedString(count)
              + " bytes at byte "
              + at
              + ", but "
              + left
              + " are left");
    }
    long from = at;
    at += count;
    return from;
  }
}
