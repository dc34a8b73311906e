package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the writer writes is read; what cannot be is told.
class ParquetReaderTest {
  private static final List<Column> COLUMNS = Tables.columns();
  private static final String[] PATHS = COLUMNS.stream().map(Column::name).toArray(String[]::new);

  @TempDir private Path folder;

  private Path written(List<@Nullable Object[]> rows, WriteOptions options) throws IOException {
    return Files.write(folder.resolve("table.parquet"), Tables.write(COLUMNS, rows, options));
  }

  @ParameterizedTest(name = "seed {0}: {1} rows, {2} a group, gzip {3}")
  @CsvSource({
    "1, 0, 10, false",
    "2, 1, 10, true",
    "3, 8, 8, false",
    "4, 500, 500, true",
    "5, 501, 100, false",
    "6, 2000, 333, true"
  })
  void rowsComeBack(long seed, int count, int perGroup, boolean gzip) throws IOException {
    List<@Nullable Object[]> rows = Tables.rows(COLUMNS, count, seed);
    Path file = written(rows, WriteOptions.DEFAULT.withGroups(perGroup, 1 << 30).withGzip(gzip));
    try (ParquetReader reader = ParquetReader.open(file)) {
      assertThat(reader.rowCount()).isEqualTo(count);
      Iterator<Row> found = reader.rows(PATHS);
      for (@Nullable Object[] row : rows) {
        expect(row, found.next());
      }
      assertThat(found.hasNext()).isFalse();
      assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(found::next);
    }
  }

  private static void expect(@Nullable Object[] row, Row found) {
    for (int c = 0; c < row.length; c++) {
      Column column = COLUMNS.get(c);
      assertThat(value(found, column)).as(column.name()).isEqualTo(row[c]);
      assertThat(found.isNull(column.name())).isEqualTo(row[c] == null);
    }
  }

  static @Nullable Object value(Row row, Column column) {
    String name = column.name();
    return switch (column.kind()) {
      case STRING -> row.string(name);
      case BINARY -> row.bytes(name);
      case LONG -> row.integer(name);
      case DOUBLE -> row.real(name);
      case FLOAT -> {
        Double real = row.real(name);
        yield real == null ? null : real.floatValue();
      }
      case BOOLEAN -> row.truth(name);
      case FLOATS -> row.floats(name);
      case STRINGS -> row.strings(name);
    };
  }

  @Test
  void rowsBeforeAreSkipped() throws IOException {
    List<@Nullable Object[]> rows = Tables.rows(COLUMNS, 100, 8);
    Path file = written(rows, WriteOptions.DEFAULT.withGroups(30, 1 << 30));
    try (ParquetReader reader = ParquetReader.open(file)) {
      for (int from : new int[] {0, 1, 29, 30, 31, 60, 99}) {
        expect(rows.get(from), reader.rows(from, List.of(PATHS)).next());
      }
      assertThat(reader.rows(100, List.of(PATHS)).hasNext()).isFalse();
      assertThat(reader.rows(1000, List.of(PATHS)).hasNext()).isFalse();
    }
  }

  @Test
  void metadataComesBack() throws IOException {
    Map<String, String> metadata = Map.of("model", "InternVL2-1B");
    Path file = written(List.of(), WriteOptions.DEFAULT.withMetadata(metadata));
    try (ParquetReader reader = ParquetReader.open(file)) {
      assertThat(reader.metadata()).isEqualTo(metadata);
    }
  }

  @Test
  void whatIsAskedForWronglyIsTold() throws IOException {
    Path file = written(Tables.rows(COLUMNS, 3, 9), WriteOptions.DEFAULT);
    ParquetReader reader = ParquetReader.open(file);
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> reader.rows("image.bytes"))
        .withMessageContaining("table.parquet: has no column image.bytes, only STRING_r, STRING_o");
    Row row = reader.rows("LONG_r", "STRINGS_r", "BINARY_r").next();
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> row.string("LONG_r"))
        .withMessageEndingWith("table.parquet: column LONG_r: a text was expected, it is LONG");
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> row.string("STRINGS_r"))
        .withMessageEndingWith("column STRINGS_r: a text was expected, it is a list of STRING");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> row.string("STRING_r"))
        .withMessage("column STRING_r was not asked for, only LONG_r, STRINGS_r, BINARY_r");
    assertThatIllegalArgumentException().isThrownBy(reader::rows);
    Iterator<Row> late = reader.rows("LONG_r");
    reader.close();
    assertThatIllegalStateException().isThrownBy(() -> reader.rows("LONG_r"));
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(late::next)
        .withMessageEndingWith("column LONG_r, row group 1: cannot be read: it was closed");
  }

  @Test
  void otherFilesAreRefused() throws IOException {
    refuses(new byte[0], "is no Parquet file, 0 bytes are too few");
    refuses(
        "a text that is no table".getBytes(StandardCharsets.US_ASCII),
        "is no Parquet file or was cut off: it ends with \"able\", PAR1 was expected");
    refuses("PAR1----PARE".getBytes(StandardCharsets.US_ASCII), "is encrypted, which is not read");
    refuses(
        "PAR1\1\1\1\1PAR1".getBytes(StandardCharsets.US_ASCII),
        "its footer of 16843009 bytes is longer than the file of 12");
    Path missing = folder.resolve("missing.parquet");
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> ParquetReader.open(missing))
        .withMessage(missing + ": cannot be read: no such file or folder");
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> ParquetReader.open(folder))
        .withMessageStartingWith(folder + ": ");
  }

  private void refuses(byte[] bytes, String what) throws IOException {
    Path file = Files.write(folder.resolve("other.parquet"), bytes);
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> ParquetReader.open(file))
        .withMessage(file + ": " + what);
  }
}
