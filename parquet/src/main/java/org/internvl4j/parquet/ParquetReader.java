package org.internvl4j.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Reads tables from Parquet files, the columns that are asked for, a row at a time.
///
/// ```java
/// try (var reader = ParquetReader.open(Path.of("photos.parquet"))) {
///   for (var rows = reader.rows("id", "image.bytes"); rows.hasNext(); ) {
///     var row = rows.next();
///     var picture = row.bytes("image.bytes");
///   }
/// }
/// ```
///
/// Pages of both versions, in every encoding that is in use, packed with Snappy, Zstandard, gzip or
/// LZ4_RAW. Of each column one page and its dictionary are in memory. Files may be damaged or
/// hostile: they end in [ParquetException]. One thread at a time.
public final class ParquetReader implements Closeable {
  private static final int MAGIC = 0x31524150; // PAR1
  private static final int ENCRYPTED = 0x45524150; // PARE
  private static final int FRAME = 4; // magic at the front
  private static final int TAIL = 8; // length of the footer, magic
  private static final long LARGEST_FOOTER = 256 << 20;
  private static final int FOOTER_GROWS = 16; // objects made of its bytes

  private final String name;
  private final Source file;
  private final FileMetadata metadata;
  private boolean closed;

  private ParquetReader(String name, Source file, FileMetadata metadata) {
    this.name = name;
    this.file = file;
    this.metadata = metadata;
  }

  /// Opens a file and reads its footer.
  ///
  /// @throws ParquetException if it cannot be read, or is no Parquet file
  public static ParquetReader open(Path path) {
    String name = path.toString();
    try {
      Source file = new Source(path);
      try {
        return new ParquetReader(name, file, footer(file));
      } catch (Damage e) {
        file.close();
        throw e;
      }
    } catch (Damage e) {
      throw new ParquetException(name, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new ParquetException(name, "cannot be read: " + ParquetException.reason(e), e);
    }
  }

  private static FileMetadata footer(Source file) {
    if (file.size() < FRAME + TAIL) {
      throw new Damage("is no Parquet file, %d bytes are too few".formatted(file.size()));
    }
    Slice tail = file.read(file.size() - TAIL, TAIL);
    long length = Integer.toUnsignedLong(tail.i32());
    byte[] magic = tail.copy().bytes(FRAME);
    switch (tail.i32()) {
      case MAGIC -> {}
      case ENCRYPTED -> throw new Damage("is encrypted, which is not read");
      default ->
          throw new Damage(
              "is no Parquet file or was cut off: it ends with \"%s\", PAR1 was expected"
                  .formatted(new String(magic, StandardCharsets.ISO_8859_1)));
    }
    long pages = file.size() - TAIL - length;
    if (pages < FRAME) {
      throw new Damage(
          "its footer of %d bytes is longer than the file of %d".formatted(length, file.size()));
    }
    long most = Math.min(LARGEST_FOOTER, Runtime.getRuntime().maxMemory() / FOOTER_GROWS);
    if (length > most) {
      throw new Damage("its footer has %d bytes, at most %d are read".formatted(length, most));
    }
    try {
      return FileMetadata.read(file.read(pages, (int) length), pages);
    } catch (Damage e) {
      throw new Damage("its footer: " + e.getMessage(), e);
    }
  }

  /// The file's columns, in its order, those too that cannot be read.
  public List<Field> fields() {
    return metadata.leaves().stream().map(Leaf::field).toList();
  }

  /// How many rows it has.
  public long rowCount() {
    return metadata.rows();
  }

  /// Keys and values of its footer, in its order.
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata.metadata());
  }

  /// All rows, of some columns.
  ///
  /// @param paths which, at least one
  /// @return lazy; where the file is damaged its `next` throws [ParquetException] for that row and
  ///   those behind it in its row group, and goes on with the next group
  /// @throws ParquetException if a column is not there or of a kind that is not read
  public Iterator<Row> rows(String... paths) {
    return rows(0, List.of(paths));
  }

  /// Rows from number `from` on, counted from 0; row groups before it are not read.
  ///
  /// @see #rows(String...)
  public Iterator<Row> rows(long from, List<String> paths) {
    return rows(from, paths, Room.ofHeap());
  }

  Iterator<Row> rows(long from, List<String> paths, Room room) {
    if (closed) {
      throw new IllegalStateException(name + ": is closed");
    }
    if (from < 0 || paths.isEmpty()) {
      throw new IllegalArgumentException(
          "%s: %d columns from row %d on, at least one from 0 on is needed"
              .formatted(name, paths.size(), from));
    }
    Rows rows =
        new Rows(
            name, file, metadata, paths.stream().distinct().mapToInt(this::leaf).toArray(), room);
    rows.skip(from);
    return rows;
  }

  private int leaf(String path) {
    List<Field> fields = fields();
    for (int i = 0; i < fields.size(); i++) {
      if (fields.get(i).path().equals(path)) {
        if (fields.get(i).type() == Field.Type.OTHER) {
          throw new ParquetException(
              name,
              "column %s: decimals, INT96 and lists in lists are not read".formatted(path),
              null);
        }
        return i;
      }
    }
    String there = fields.stream().map(Field::path).limit(20).collect(Collectors.joining(", "));
    throw new ParquetException(
        name, "has no column %s, only %s".formatted(path, there.isEmpty() ? "none" : there), null);
  }

  /// Closes the file; rows that were read stay valid.
  @Override
  public void close() {
    closed = true;
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
