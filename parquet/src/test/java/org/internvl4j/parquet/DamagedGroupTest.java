package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is damaged in one row group hides no rows of another.
class DamagedGroupTest {
  private static final int GROUP = 25;

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void damageTheSecondOfThreeGroups() throws IOException {
    List<@Nullable Object[]> rows =
        IntStream.range(0, 3 * GROUP)
            .<@Nullable Object[]>mapToObj(i -> new Object[] {name(i)})
            .toList();
    byte[] table =
        Tables.write(
            List.of(Column.required("name", Column.Kind.STRING)),
            rows,
            WriteOptions.DEFAULT.withGroups(GROUP, 1 << 30).withGzip(false));
    table[place(table, name(40)) - 1] = 0x7f; // a length of 2,000,000,000
    file = folder.resolve("damaged.parquet");
    Files.write(file, table);
  }

  private static String name(int row) {
    return "row number %03d".formatted(row);
  }

  private static int place(byte[] table, String text) {
    return new String(table, StandardCharsets.ISO_8859_1).indexOf(text);
  }

  private static List<@Nullable String> names(Iterator<Row> rows) {
    List<@Nullable String> names = new ArrayList<>();
    while (rows.hasNext()) {
      try {
        names.add(rows.next().string("name"));
      } catch (ParquetException e) {
        assertThat(e.isUnread()).isFalse();
        assertThat(e).hasMessageContaining("column name, row group 2: ");
        names.add(null);
      }
    }
    return names;
  }

  private static List<@Nullable String> wanted(int from, int damaged) {
    return IntStream.range(from, 3 * GROUP)
        .<@Nullable String>mapToObj(i -> i >= damaged && i < 2 * GROUP ? null : name(i))
        .toList();
  }

  @Test
  void rowsBehindItInTheGroupFailAndNoOthers() {
    try (ParquetReader reader = ParquetReader.open(file)) {
      List<@Nullable String> names = names(reader.rows("name"));
      int damaged = names.indexOf(null);
      assertThat(damaged).isBetween(GROUP, 40);
      assertThat(names).isEqualTo(wanted(0, damaged));
    }
  }

  @Test
  void whoBeginsBehindItDoesNotHearOfIt() {
    try (ParquetReader reader = ParquetReader.open(file)) {
      int from = 2 * GROUP - 1;
      assertThat(names(reader.rows(from, List.of("name")))).isEqualTo(wanted(from, from));
    }
  }

  @Test
  void aFileThatBecomesShorterIsNotDamaged() throws IOException {
    byte[] table = Files.readAllBytes(file);
    try (ParquetReader reader = ParquetReader.open(file)) {
      Iterator<Row> rows = reader.rows("name");
      Files.write(file, Arrays.copyOf(table, 10));
      for (int i = 0; i < 3 * GROUP; i++) {
        assertThat(catchThrowableOfType(ParquetException.class, rows::next).isUnread()).isTrue();
      }
    }
  }

  /// Rows that are not there would be rows that fail, as many as a footer likes.
  @Test
  void aGroupOfMoreRowsThanValuesIsRefused() throws IOException {
    byte[] table = Files.readAllBytes(file);
    int rows = second(table, (byte) 0x16, (byte) (2 * GROUP)); // a field, 25; behind that of values
    table[rows + 1] = 2 * 63;
    Files.write(file, table);
    assertThatThrownBy(() -> ParquetReader.open(file))
        .isInstanceOf(ParquetException.class)
        .hasMessageEndingWith("its footer: a row group of 63 rows has a column of 25 values");
  }

  private static int second(byte[] bytes, byte first, byte next) {
    int found = 0;
    for (int i = place(bytes, name(3 * GROUP - 1)); i < bytes.length; i++) {
      if (bytes[i] == first && bytes[i + 1] == next && ++found == 2) {
        return i;
      }
    }
    throw new AssertionError("not there");
  }
}
