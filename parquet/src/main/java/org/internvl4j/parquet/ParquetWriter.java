package org.internvl4j.parquet;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes a table into a Parquet file, a row at a time; the same rows give the same bytes.
///
/// ```java
/// var writer = new ParquetWriter(out, "answers.parquet", columns, WriteOptions.DEFAULT);
/// writer.write("cat.jpg", "A cat on a mat.", 12L);
/// writer.finish();
/// ```
///
/// A row group is kept in memory until it is full. The stream is the caller's: who opened it closes
/// it. What is not finished is no Parquet file: readers refuse it. One thread at a time.
public final class ParquetWriter {
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private final OutputStream out;
  private final String name;
  private final List<Column> columns;
  private final WriteOptions options;
  private final List<ChunkBuilder> chunks = new ArrayList<>();
  private final Footer footer;
  private int groupRows;
  private long written; // bytes
  private boolean over;

  /// @param out takes whole pages; buffering it again gains nothing
  /// @param name the file's, for messages
  /// @param columns at least one, each with a name of its own
  public ParquetWriter(OutputStream out, String name, List<Column> columns, WriteOptions options) {
    Set<String> names = new HashSet<>();
    for (Column column : columns) {
      if (!names.add(column.name())) {
        throw new IllegalArgumentException("column " + column.name() + ": there are two of it");
      }
      chunks.add(new ChunkBuilder(column, options.gzip()));
    }
    if (columns.isEmpty()) {
      throw new IllegalArgumentException(name + ": no columns, at least one is needed");
    }
    this.out = out;
    this.name = name;
    this.columns = List.copyOf(columns);
    this.options = options;
    this.footer = new Footer(this.columns, options.gzip());
  }

  /// Rows so far.
  public long rows() {
    return footer.rows() + groupRows;
  }

  /// Adds a row.
  ///
  /// @param values one a column, in their order, of the type that [Column.Kind] names; null where
  ///   the column is optional. They may be changed afterwards
  /// @throws IllegalArgumentException if one is of another kind; the row is then not added
  /// @throws IOException if the stream takes no more, a full disk for one; nothing can be added
  ///   then
  public void write(@Nullable Object... values) throws IOException {
    checkOpen();
    if (values.length != columns.size()) {
      throw new IllegalArgumentException(
          "%s: a row of %d values for %d columns".formatted(name, values.length, columns.size()));
    }
    @Nullable Object[] prepared = new @Nullable Object[values.length];
    for (int i = 0; i < values.length; i++) {
      prepared[i] = columns.get(i).prepared(values[i]);
    }
    long bytes = 0;
    for (int i = 0; i < values.length; i++) {
      chunks.get(i).add(prepared[i]);
      bytes += chunks.get(i).size();
    }
    groupRows++;
    if (groupRows >= options.rowsPerGroup() || bytes >= options.bytesPerGroup()) {
      writeGroup();
    }
  }

  /// Writes what is left and the footer. The stream stays open.
  public void finish() throws IOException {
    checkOpen();
    writeGroup();
    ByteSink end = new ByteSink();
    footer.write(end, options.metadata());
    end.putInt(end.size());
    end.put(MAGIC);
    put(end);
    over = true;
    try {
      out.flush();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private void checkOpen() {
    if (over) {
      throw new IllegalStateException(name + ": is finished, or could not be written");
    }
  }

  private void writeGroup() throws IOException {
    if (written == 0) {
      ByteSink magic = new ByteSink();
      magic.put(MAGIC);
      put(magic);
    }
    if (groupRows == 0) {
      return;
    }
    List<ChunkBuilder.Chunk> group = chunks.stream().map(ChunkBuilder::finish).toList();
    footer.add(groupRows, group, written);
    groupRows = 0;
    for (ChunkBuilder.Chunk chunk : group) {
      put(chunk.bytes());
    }
  }

  private void put(ByteSink bytes) throws IOException {
    try {
      out.write(bytes.array(), 0, bytes.size());
    } catch (IOException e) {
      throw failure(e);
    }
    written += bytes.size();
  }

  private IOException failure(IOException e) {
    over = true;
    return new IOException(
        "%s: cannot be written past byte %d: %s"
            .formatted(name, written, ParquetException.reason(e)),
        e);
  }
}
