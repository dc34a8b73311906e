package org.internvl4j.parquet;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// How [ParquetWriter] writes. The same options and rows give the same bytes; where pages are
/// packed, on the same zlib.
///
/// @param rowsPerGroup rows after which a row group is written, at least 1
/// @param bytesPerGroup bytes of values, before they are packed, after which one is written, at
///   least 1, at most 1 GiB; a writer holds about as many, and a row more
/// @param gzip whether pages are packed
/// @param metadata keys and values for the footer, in this order
public record WriteOptions(
    int rowsPerGroup, long bytesPerGroup, boolean gzip, Map<String, String> metadata) {
  private static final long LARGEST = 1 << 30;

  /// 64 MiB or 100,000 rows a group, packed, no metadata.
  public static final WriteOptions DEFAULT = new WriteOptions(100_000, 64L << 20, true, Map.of());

  public WriteOptions {
    if (rowsPerGroup < 1 || bytesPerGroup < 1 || bytesPerGroup > LARGEST) {
      throw new IllegalArgumentException(
          "a row group of %d rows and %d bytes, 1 of each at least and %d bytes at most"
              .formatted(rowsPerGroup, bytesPerGroup, LARGEST));
    }
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /// The same with row groups of another size.
  public WriteOptions withGroups(int rows, long bytes) {
    return new WriteOptions(rows, bytes, gzip, metadata);
  }

  /// The same, packed or not.
  public WriteOptions withGzip(boolean packed) {
    return new WriteOptions(rowsPerGroup, bytesPerGroup, packed, metadata);
  }

  /// The same with other metadata.
  public WriteOptions withMetadata(Map<String, String> pairs) {
    return new WriteOptions(rowsPerGroup, bytesPerGroup, gzip, pairs);
  }
}
