package org.internvl4j.parquet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/// How pages are packed.
enum Codec {
  NONE(1),
  SNAPPY(22), // 64 bytes for 3
  GZIP(1033), // 258 bytes for two bits
  ZSTD(1 << 16), // a block of 128 KiB for 4 bytes
  LZ4(256); // 255 for 1

  private static final long SLACK = 1 << 10; // headers and trailers of small pages

  private final int bestRatio;

  Codec(int bestRatio) {
    this.bestRatio = bestRatio;
  }

  /// @param number of the format's `CompressionCodec`
  static Codec of(int number) {
    return switch (number) {
      case 0 -> NONE;
      case 1 -> SNAPPY;
      case 2 -> GZIP;
      case 6 -> ZSTD;
      case 7 -> LZ4;
      case 3, 4, 5 ->
          throw new Damage(
              "packed with %s, which is not read; write it with snappy, zstd or gzip"
                  .formatted(number == 3 ? "LZO" : number == 4 ? "Brotli" : "Hadoop's LZ4"));
      default -> throw new Damage("compression codec " + number + " is unknown");
    };
  }

  /// @param packed all of it
  /// @param size bytes that come out, neither more nor less; memory is taken for them only where
  ///   that many can have been packed into so few
  Slice unpack(Slice packed, int size) {
    boolean possible =
        this == NONE ? packed.left() == size : size <= (packed.left() + SLACK) * bestRatio;
    if (!possible) {
      throw new Damage(
          "%d bytes are said to unpack to %d (%s)".formatted(packed.left(), size, name()));
    }
    return switch (this) {
      case NONE -> packed;
      case SNAPPY -> new Slice(Snappy.unpack(packed, size));
      case GZIP -> new Slice(inflate(packed, size));
      case ZSTD -> new Slice(new Zstd(packed, size).unpack());
      case LZ4 -> new Slice(Lz4.unpack(packed, size));
    };
  }

  private static byte[] inflate(Slice packed, int size) {
    byte[] bytes = packed.bytes(packed.left());
    Window out = new Window(size, bytes.length);
    byte[] some = new byte[1 << 13];
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes), some.length)) {
      for (int count = in.read(some); count > 0; count = in.read(some)) {
        out.put(some, count);
      }
      return out.full();
    } catch (IOException e) {
      throw new Damage("does not unpack: " + ParquetException.reason(e));
    }
  }
}
