package org.internvl4j.parquet;

import java.io.OutputStream;
import java.util.Arrays;

/// Bytes that grow, little-endian.
final class ByteSink extends OutputStream {
  private byte[] bytes = new byte[64];
  private int size;

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  /// What was written so far; valid until the next write.
  byte[] array() {
    return bytes;
  }

  byte[] toArray() {
    return Arrays.copyOf(bytes, size);
  }

  @Override
  public void write(int b) {
    room(1);
    bytes[size++] = (byte) b;
  }

  @Override
  public void write(byte[] from, int start, int length) {
    room(length);
    System.arraycopy(from, start, bytes, size, length);
    size += length;
  }

  void put(byte[] from) {
    write(from, 0, from.length);
  }

  void put(ByteSink from) {
    write(from.bytes, 0, from.size);
  }

  void putInt(int value) {
    putLow(value, 4);
  }

  void putLong(long value) {
    putLow(value, 8);
  }

  /// The lowest `count` bytes of a number, the lowest first.
  void putLow(long value, int count) {
    room(count);
    for (int i = 0; i < count; i++) {
      bytes[size++] = (byte) (value >>> (8 * i));
    }
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  void putVarint(long value) {
    while ((value & ~0x7fL) != 0) {
      write((int) ((value & 0x7f) | 0x80));
      value >>>= 7;
    }
    write((int) value);
  }

  private void room(int more) {
    int needed = Math.addExact(size, more);
    if (needed > bytes.length) {
      long doubled = 2L * bytes.length;
      bytes = Arrays.copyOf(bytes, Math.clamp(doubled, needed, Integer.MAX_VALUE - 8));
    }
  }
}
