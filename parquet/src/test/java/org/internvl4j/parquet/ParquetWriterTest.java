package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is written is read by another implementation.
class ParquetWriterTest {
  private static final List<Column> COLUMNS = Tables.columns();

  @BeforeAll
  static void noNativeCode() {
    System.setProperty("hardwood.uselibdeflate", "false");
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
  void anotherReaderFindsTheRows(long seed, int count, int perGroup, boolean gzip)
      throws IOException {
    List<@Nullable Object[]> rows = Tables.rows(COLUMNS, count, seed);
    WriteOptions options = WriteOptions.DEFAULT.withGroups(perGroup, 1 << 30).withGzip(gzip);
    byte[] file = Tables.write(COLUMNS, rows, options);
    try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(ByteBuffer.wrap(file)))) {
      assertThat(reader.getFileMetaData().numRows()).isEqualTo(count);
      assertThat(reader.getFileMetaData().rowGroups()).hasSize(Math.ceilDiv(count, perGroup));
      if (count > 0) {
        expect(rows, reader.rowReader());
      }
    }
  }

  private static void expect(List<@Nullable Object[]> rows, RowReader found) {
    for (@Nullable Object[] row : rows) {
      assertThat(found.hasNext()).isTrue();
      found.next();
      for (int c = 0; c < row.length; c++) {
        assertThat(value(found, COLUMNS.get(c))).as(COLUMNS.get(c).name()).isEqualTo(row[c]);
      }
    }
    assertThat(found.hasNext()).isFalse();
    found.close();
  }

  private static @Nullable Object value(RowReader row, Column column) {
    String name = column.name();
    if (row.isNull(name)) {
      return null;
    }
    return switch (column.kind()) {
      case STRING -> row.getString(name);
      case BINARY -> row.getBinary(name);
      case LONG -> row.getLong(name);
      case DOUBLE -> row.getDouble(name);
      case FLOAT -> row.getFloat(name);
      case BOOLEAN -> row.getBoolean(name);
      case FLOATS -> {
        PqList list = row.getList(name);
        float[] numbers = new float[list.size()];
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = list.floats().get(i);
        }
        yield numbers;
      }
      case STRINGS -> List.copyOf(row.getList(name).strings());
    };
  }

  @Test
  void largeValuesAreCutIntoPages() throws IOException {
    List<Column> columns = List.of(Column.required("picture", Column.Kind.BINARY));
    byte[] large = new byte[5 << 20];
    Arrays.fill(large, (byte) 7);
    byte[] file =
        Tables.write(
            columns,
            List.of(new Object[] {large}, new Object[] {new byte[0]}, new Object[] {large}),
            WriteOptions.DEFAULT);
    try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(ByteBuffer.wrap(file)));
        RowReader rows = reader.rowReader()) {
      for (byte[] expected : List.of(large, new byte[0], large)) {
        rows.next();
        assertThat(rows.getBinary("picture")).isEqualTo(expected);
      }
    }
  }

  @Test
  void theSameRowsGiveTheSameBytes() throws IOException {
    List<@Nullable Object[]> rows = Tables.rows(COLUMNS, 300, 7);
    assertThat(Tables.write(COLUMNS, rows, WriteOptions.DEFAULT))
        .isEqualTo(Tables.write(COLUMNS, rows, WriteOptions.DEFAULT));
  }

  @Test
  void groupsAreWrittenAsTheyFill() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ParquetWriter writer =
        new ParquetWriter(
            out,
            "a.parquet",
            List.of(Column.required("b", Column.Kind.BINARY)),
            WriteOptions.DEFAULT.withGzip(false).withGroups(1000, 10_000));
    writer.write((Object) new byte[9_000]);
    assertThat(out.size()).isZero();
    writer.write((Object) new byte[1_000]);
    assertThat(out.size()).isGreaterThan(10_000);
    assertThat(writer.rows()).isEqualTo(2);
  }

  @Test
  void metadataIsInTheFooter() throws IOException {
    WriteOptions options = WriteOptions.DEFAULT.withMetadata(Map.of("model", "InternVL2-1B"));
    byte[] file = Tables.write(COLUMNS, List.of(), options);
    try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(ByteBuffer.wrap(file)))) {
      assertThat(reader.getFileMetaData().keyValueMetadata())
          .containsExactlyEntriesOf(Map.of("model", "InternVL2-1B"));
      assertThat(reader.getFileMetaData().createdBy()).isEqualTo("internvl4j");
    }
  }

  @Test
  void aFullDiskIsOneSentence() throws IOException {
    OutputStream full =
        new OutputStream() {
          private int room = 20_000;

          @Override
          public void write(int b) throws IOException {
            if (--room < 0) {
              throw new IOException("No space left on device");
            }
          }
        };
    ParquetWriter writer =
        new ParquetWriter(
            full,
            "answers.parquet",
            List.of(Column.required("b", Column.Kind.BINARY)),
            WriteOptions.DEFAULT.withGzip(false).withGroups(1, 1));
    writer.write((Object) new byte[15_000]);
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> writer.write((Object) new byte[15_000]))
        .withMessageMatching(
            "answers\\.parquet: cannot be written past byte 150\\d\\d: no space left on device");
    assertThatIllegalStateException().isThrownBy(writer::finish);
  }

  @Test
  void refusesRowsOfAnotherKind() throws IOException {
    ParquetWriter writer =
        new ParquetWriter(
            new ByteArrayOutputStream(),
            "a.parquet",
            List.of(
                Column.required("id", Column.Kind.STRING),
                Column.optional("tags", Column.Kind.STRINGS)),
            WriteOptions.DEFAULT);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.write(null, null))
        .withMessage("column id: null, but it is required");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.write("a", 3L))
        .withMessage("column tags: class java.lang.Long, but it holds STRINGS");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.write("a", Arrays.asList("b", null)))
        .withMessage("column tags: a list with null, but it holds texts");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.write("a"))
        .withMessage("a.parquet: a row of 1 values for 2 columns");
    assertThat(writer.rows()).isZero();
    writer.finish();
    assertThatIllegalStateException().isThrownBy(() -> writer.write("a", null));
  }

  @Test
  void refusesColumnsThatReadersWouldConfuse() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Column.required("image.bytes", Column.Kind.BINARY))
        .withMessage("column \"image.bytes\": a name has no point in it");
    Column id = Column.required("id", Column.Kind.STRING);
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new ParquetWriter(
                OutputStream.nullOutputStream(),
                "a.parquet",
                List.of(id, id),
                WriteOptions.DEFAULT))
        .withMessage("column id: there are two of it");
  }
}
