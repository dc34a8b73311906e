package org.internvl4j.models.text;

import org.internvl4j.loader.CheckpointException;

/// A protocol buffer message, read field by field (Protocol Buffers encoding, wire types 0, 1, 2
/// and 5).
final class ProtoReader {
  private final byte[] bytes;
  private final String file;
  private int at;
  private final int end;
  private int tag;

  ProtoReader(byte[] bytes, String file) {
    this(bytes, 0, bytes.length, file);
  }

  private ProtoReader(byte[] bytes, int at, int end, String file) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.file = file;
  }

  /// Goes to the next field.
  ///
  /// @return its number, or 0 at the end
  int next() {
    if (at == end) {
      return 0;
    }
    long key = varint();
    if (key >>> 3 == 0 || key >>> 32 != 0) {
      throw broken("a field has number " + (key >>> 3));
    }
    tag = (int) key;
    return tag >>> 3;
  }

  /// The integer that is the current field.
  long integer() {
    expect(0, "an integer");
    return varint();
  }

  boolean bool() {
    return integer() != 0;
  }

  /// The 32-bit float that is the current field.
  float float32() {
    expect(5, "a float");
    return Float.intBitsToFloat((int) fixed(4));
  }

  /// The message that is the current field.
  ProtoReader message() {
    int length = length();
    ProtoReader message = new ProtoReader(bytes, at, at + length, file);
    at += length;
    return message;
  }

  /// How many bytes the current field has; it is skipped.
  int skipBytes() {
    int length = length();
    at += length;
    return length;
  }

  /// The text that is the current field.
  String text() {
    int length = length();
    String text = Utf8.decodeStrictly(bytes, at, length);
    if (text == null) {
      throw broken("the text that begins there is not UTF-8");
    }
    at += length;
    return text;
  }

  /// Passes over the current field.
  void skip() {
    switch (tag & 7) {
      case 0 -> varint();
      case 1 -> fixed(8);
      case 2 -> skipBytes();
      case 5 -> fixed(4);
      default -> throw broken("wire type " + (tag & 7) + " is not supported");
    }
  }

  /// A complaint about this place.
  CheckpointException broken(String what) {
    return new CheckpointException(
        file, "byte " + at + ": " + what + "; this is no SentencePiece model or it is damaged");
  }

  private void expect(int wireType, String what) {
    if ((tag & 7) != wireType) {
      throw broken("field " + (tag >>> 3) + " has wire type " + (tag & 7) + ", expected " + what);
    }
  }

  private int length() {
    expect(2, "bytes");
    long length = varint();
    if (length < 0 || length > end - at) {
      throw broken(
          "field "
              + (tag >>> 3)
              + " has "
              + length
              + " bytes but only "
              + (end - at)
              + " are left");
    }
    return (int) length;
  }

  private long fixed(int count) {
    if (end - at < count) {
      throw broken("the message ends inside a number");
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[at++] & 0xFFL) << (8 * i);
    }
    return value;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at == end) {
        throw broken("the message ends inside a number");
      }
      byte b = bytes[at++];
      value |= (b & 0x7FL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw broken("a number has more than ten bytes");
  }
}
