package org.internvl4j.parquet;

import java.util.Arrays;

/// Bytes that are being unpacked: new ones come from outside, or from a little further back.
final class Window {
  private static final int USUAL_RATIO = 8;
  private static final int SMALL = 1 << 12;

  private final int size;
  private byte[] bytes;
  private int at;

  /// Takes memory for what usually comes out, and more as it does.
  ///
  /// @param size of everything that will be there
  Window(int size, int packed) {
    this.size = size;
    bytes = new byte[(int) Math.min(size, SMALL + (long) USUAL_RATIO * packed)];
  }

  void put(byte[] from, int count) {
    int start = room(count);
    System.arraycopy(from, 0, bytes, start, count);
  }

  void literal(Slice from, long count) {
    int start = room(count);
    from.read(bytes, start, (int) count);
  }

  void fill(int value, int count) {
    int start = room(count);
    Arrays.fill(bytes, start, at, (byte) value);
  }

  /// Copies what lies `distance` bytes back; what is copied may begin to repeat itself.
  void repeat(long distance, long count) {
    if (distance < 1 || distance > at) {
      throw new Damage("bytes from %d back are repeated at byte %d".formatted(distance, at));
    }
    int start = room(count);
    int from = start - (int) distance;
    if (distance >= count) {
      System.arraycopy(bytes, from, bytes, start, (int) count);
      return;
    }
    for (int i = 0; i < count; i++) {
      bytes[start + i] = bytes[from + i];
    }
  }

  /// All of them.
  byte[] full() {
    if (at != size) {
      throw new Damage("unpacks to %d bytes, %d were announced".formatted(at, size));
    }
    return bytes.length == size ? bytes : Arrays.copyOf(bytes, size);
  }

  private int room(long count) {
    if (count < 0 || count > size - at) {
      throw new Damage("unpacks to more than the %d bytes announced".formatted(size));
    }
    if (count > bytes.length - at) {
      bytes = Arrays.copyOf(bytes, (int) Math.clamp(2L * bytes.length, at + count, size));
    }
    int start = at;
    at += (int) count;
    return start;
  }
}
