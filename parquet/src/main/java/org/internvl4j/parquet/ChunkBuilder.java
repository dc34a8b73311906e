package org.internvl4j.parquet;

import java.io.IOException;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// One column of the row group that is being filled: pages of about 1 MiB, PLAIN, with checksums.
final class ChunkBuilder {
  private static final int PAGE_BYTES = 1 << 20;
  private static final int PAGE_VALUES = 1 << 20;
  private static final int DATA_PAGE = 0;
  private static final int PLAIN = 0;
  private static final int RLE = 3;

  private final Column column;
  private final boolean gzip;

  private final ByteSink repetition = new ByteSink();
  private final ByteSink definition = new ByteSink();
  private final ByteSink values = new ByteSink();
  private int bits; // of the byte that booleans are being gathered in
  private int bitCount;
  private int pageValues; // nulls and empty lists count

  private ByteSink pages = new ByteSink();
  private long valueCount;
  private long unpacked; // bytes of closed pages, headers among them

  /// A column's part of a row group, ready to be written.
  ///
  /// @param bytes its pages, one after the other
  /// @param values how many, nulls and empty lists among them
  /// @param unpacked bytes of the pages, had they not been packed
  record Chunk(Column column, ByteSink bytes, long values, long unpacked) {}

  ChunkBuilder(Column column, boolean gzip) {
    this.column = column;
    this.gzip = gzip;
  }

  /// Bytes of values so far, before they are packed.
  long size() {
    return unpacked + values.size() + definition.size() / 8;
  }

  /// Adds a row's value, which [Column#prepared] has prepared.
  void add(@Nullable Object value) {
    switch (value) {
      case null -> level(0, 0);
      case List<?> elements -> {
        emptyIf(elements.isEmpty());
        for (int i = 0; i < elements.size(); i++) {
          level(i == 0 ? 0 : 1, column.maxDefinition());
          put(elements.get(i));
        }
      }
      case float[] elements -> {
        emptyIf(elements.length == 0);
        for (int i = 0; i < elements.length; i++) {
          level(i == 0 ? 0 : 1, column.maxDefinition());
          values.putInt(Float.floatToRawIntBits(elements[i]));
        }
      }
      default -> {
        level(0, column.maxDefinition());
        put(value);
      }
    }
    if (values.size() >= PAGE_BYTES || pageValues >= PAGE_VALUES) {
      closePage();
    }
  }

  /// The chunk; this builder begins the next one.
  Chunk finish() {
    closePage();
    Chunk chunk = new Chunk(column, pages, valueCount, unpacked);
    pages = new ByteSink();
    valueCount = 0;
    unpacked = 0;
    return chunk;
  }

  private void emptyIf(boolean empty) {
    if (empty) {
      level(0, column.maxDefinition() - 1);
    }
  }

  private void level(int repeated, int defined) {
    pageValues++;
    if (column.kind().list) {
      repetition.write(repeated);
    }
    if (column.maxDefinition() > 0) {
      definition.write(defined);
    }
  }

  private void put(Object value) {
    switch (value) {
      case byte[] bytes -> {
        values.putInt(bytes.length);
        values.put(bytes);
      }
      case Long number -> values.putLong(number);
      case Double number -> values.putLong(Double.doubleToRawLongBits(number));
      case Float number -> values.putInt(Float.floatToRawIntBits(number));
      case Boolean truth -> {
        bits |= truth ? 1 << bitCount : 0;
        if (++bitCount == 8) {
          flushBits();
        }
      }
      default -> throw new AssertionError(value.getClass());
    }
  }

  private void flushBits() {
    if (bitCount > 0) {
      values.write(bits);
      bits = 0;
      bitCount = 0;
    }
  }

  private void closePage() {
    if (pageValues == 0) {
      return;
    }
    flushBits();
    ByteSink plain = new ByteSink();
    levels(repetition, 1, plain);
    levels(definition, column.maxDefinition(), plain);
    plain.put(values);
    ByteSink packed = gzip ? packed(plain) : plain;
    int before = pages.size();
    header(plain.size(), packed);
    unpacked += pages.size() - before + plain.size();
    pages.put(packed);

    valueCount += pageValues;
    pageValues = 0;
    repetition.clear();
    definition.clear();
    values.clear();
  }

  private static void levels(ByteSink levels, int max, ByteSink out) {
    if (levels.size() > 0) {
      ByteSink runs = new ByteSink();
      LevelEncoder.encode(levels.array(), levels.size(), LevelEncoder.width(max), runs);
      out.putInt(runs.size());
      out.put(runs);
    }
  }

  private static ByteSink packed(ByteSink plain) {
    ByteSink packed = new ByteSink();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed, 1 << 13)) {
      gzip.write(plain.array(), 0, plain.size());
    } catch (IOException e) {
      throw new AssertionError("into memory", e);
    }
    return packed;
  }

  private void header(int plainSize, ByteSink packed) {
    CRC32 checksum = new CRC32();
    checksum.update(packed.array(), 0, packed.size());
    ThriftWriter.write(
        pages,
        page -> {
          page.i32(1, DATA_PAGE);
          page.i32(2, plainSize);
          page.i32(3, packed.size());
          page.i32(4, (int) checksum.getValue());
          page.struct(
              5,
              data -> {
                data.i32(1, pageValues);
                data.i32(2, PLAIN);
                data.i32(3, RLE);
                data.i32(4, RLE);
              });
        });
  }
}
