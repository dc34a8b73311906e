package org.internvl4j.parquet;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/// Some of an array's bytes, read from front to end, little-endian; past the end is [Damage].
final class Slice {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int end;
  private int at;

  Slice(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  private Slice(byte[] bytes, int at, int end) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  int left() {
    return end - at;
  }

  /// Bytes read so far, counted from the front of the array.
  int position() {
    return at;
  }

  /// The same bytes, read on its own from here.
  Slice copy() {
    return new Slice(bytes, at, end);
  }

  /// The next `count` bytes, which are then read.
  Slice slice(long count) {
    int from = advance(count);
    return new Slice(bytes, from, at);
  }

  byte[] bytes(long count) {
    int from = advance(count);
    return Arrays.copyOfRange(bytes, from, at);
  }

  void read(byte[] to, int start, int count) {
    System.arraycopy(bytes, advance(count), to, start, count);
  }

  void skip(long count) {
    advance(count);
  }

  int u8() {
    return bytes[advance(1)] & 0xff;
  }

  int i32() {
    return (int) INT.get(bytes, advance(4));
  }

  long i64() {
    return (long) LONG.get(bytes, advance(8));
  }

  /// The next `count` bytes, at most 8, as a number whose lowest byte comes first.
  long low(int count) {
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (long) u8() << (8 * i);
    }
    return value;
  }

  /// The byte `index` bytes further on, which is not read by this.
  int peek(int index) {
    if (index < 0 || index >= left()) {
      throw ended();
    }
    return bytes[at + index] & 0xff;
  }

  /// The eight bytes from `index` bytes further on, none of them read by this; what is outside is
  /// zero.
  long peekLong(long index) {
    if (index >= 0 && index + 8 <= left()) {
      return (long) LONG.get(bytes, at + (int) index);
    }
    long value = 0;
    for (int i = 0; i < 8; i++) {
      long place = index + i;
      value |= place >= 0 && place < left() ? (bytes[at + (int) place] & 0xffL) << (8 * i) : 0;
    }
    return value;
  }

  /// A checksum of what is left.
  int crc32() {
    CRC32 checksum = new CRC32();
    checksum.update(bytes, at, left());
    return (int) checksum.getValue();
  }

  long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int b = u8();
      value |= (long) (b & 0x7f) << shift;
      if (b < 0x80) {
        return value;
      }
    }
    throw new Damage("a number of more than 64 bits");
  }

  /// A varint that counts something, at most 2³¹ - 1.
  int count() {
    long value = varint();
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new Damage("a count of " + Long.toUnsignedString(value));
    }
    return (int) value;
  }

  long zigzag() {
    long value = varint();
    return value >>> 1 ^ -(value & 1);
  }

  private int advance(long count) {
    if (count < 0 || count > left()) {
      throw ended();
    }
    int from = at;
    at += (int) count;
    return from;
  }

  private static Damage ended() {
    return new Damage("it ends in the middle of a value");
  }
}
