package org.internvl4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that pyarrow wrote (make.py beside them) are read; values are computed here as they are
/// there.
class PyarrowFilesTest {
  private static final int ROWS = 61;

  static Path file(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(PyarrowFilesTest.class.getResource(name + ".parquet")).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"snappy", "zstd-v2-deltas", "gzip-v2", "plain-pages", "lz4-split"})
  void allRowsAreRead(String name) {
    try (ParquetReader reader = ParquetReader.open(file(name))) {
      List<Field> fields =
          reader.fields().stream()
              .filter(f -> f.type() != Field.Type.OTHER && !f.path().equals("huge"))
              .toList();
      assertThat(reader.rowCount()).isEqualTo(ROWS);
      Iterator<Row> rows = reader.rows(fields.stream().map(Field::path).toArray(String[]::new));
      for (int i = 0; i < ROWS; i++) {
        Row row = rows.next();
        for (Field field : fields) {
          assertThat(found(row, field))
              .as("%s of row %d", field.path(), i)
              .isEqualTo(expected(field.path(), i));
        }
      }
      assertThat(rows.hasNext()).isFalse();
    }
  }

  /// What such a file says of its pages is not of this file.
  @Test
  void aTableWithoutRowsHasNone() {
    try (ParquetReader reader = ParquetReader.open(file("empty"))) {
      assertThat(reader.rowCount()).isZero();
      assertThat(reader.rows("image.bytes", "image.path").hasNext()).isFalse();
    }
  }

  @Test
  void fieldsAreNamedByTheirPaths() {
    try (ParquetReader reader = ParquetReader.open(file("snappy"))) {
      assertThat(
              reader.fields().stream().map(f -> f.path() + " " + f.type() + (f.list() ? "s" : "")))
          .containsExactly(
              "id STRING",
              "caption STRING",
              "n LONG",
              "small LONG",
              "unsigned LONG",
              "huge LONG",
              "score DOUBLE",
              "part DOUBLE",
              "good BOOLEAN",
              "hash BINARY",
              "day LONG",
              "price OTHER",
              "tags STRINGs",
              "vector DOUBLEs",
              "image.bytes BINARY",
              "image.path STRING",
              "images.bytes BINARYs",
              "images.path STRINGs",
              "grid OTHERs",
              "notes.key_value.key STRINGs",
              "notes.key_value.value STRINGs");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"snappy", "zstd-v2-deltas"})
  void numbersThatALongCannotHoldHaveTheirDigits(String name) {
    try (ParquetReader reader = ParquetReader.open(file(name))) {
      Iterator<Row> rows = reader.rows("huge");
      assertThat(rows.next().integer("huge")).isEqualTo(Long.MAX_VALUE);
      for (long huge = Long.MIN_VALUE; rows.hasNext(); huge++) {
        Row row = rows.next();
        assertThat(row.number("huge")).hasToString(Long.toUnsignedString(huge));
        assertThat(row.real("huge")).isEqualTo(0x1p63);
        assertThatExceptionOfType(ParquetException.class)
            .isThrownBy(() -> row.integer("huge"))
            .withMessageEndingWith(
                "column huge: a whole number below 2^63 was expected, it is " + row.number("huge"));
      }
    }
  }

  /// Tables of its own, four streams, long copies, runs.
  @Test
  void zstandardOfALongText() {
    try (ParquetReader reader = ParquetReader.open(file("zstd-text"))) {
      Iterator<Row> rows = reader.rows("text");
      assertThat(rows.next().string("text")).isEqualTo(words(500));
      assertThat(rows.next().string("text")).isEqualTo(words(6000));
      assertThat(rows.next().string("text")).isEqualTo("x".repeat(100_000));
    }
  }

  @Test
  void whatIsNotReadIsRefusedByName() {
    assertThatExceptionOfType(ParquetException.class)
        .isThrownBy(() -> ids("brotli"))
        .withMessageEndingWith(
            "brotli.parquet: column id, row group 1: packed with Brotli, which is not read;"
                + " write it with snappy, zstd or gzip");
    try (ParquetReader reader = ParquetReader.open(file("snappy"))) {
      for (String path : List.of("price", "grid")) {
        assertThatExceptionOfType(ParquetException.class)
            .isThrownBy(() -> reader.rows(path))
            .withMessageEndingWith(
                "snappy.parquet: column "
                    + path
                    + ": decimals, INT96 and lists in lists are not read");
      }
    }
  }

  private static void ids(String name) {
    try (ParquetReader reader = ParquetReader.open(file(name))) {
      reader.rows("id").next();
    }
  }

  private static @Nullable Object found(Row row, Field field) {
    String path = field.path();
    if (field.list()) {
      return switch (field.type()) {
        case STRING -> row.strings(path);
        case BINARY -> texts(row.arrays(path));
        case DOUBLE -> row.floats(path);
        case LONG, BOOLEAN, OTHER -> throw new AssertionError(field);
      };
    }
    return switch (field.type()) {
      case STRING -> row.string(path);
      case BINARY -> row.bytes(path);
      case DOUBLE -> row.real(path);
      case LONG -> row.integer(path);
      case BOOLEAN -> row.truth(path);
      case OTHER -> throw new AssertionError(field);
    };
  }

  private static @Nullable Object expected(String path, int i) {
    return switch (path) {
      case "id" -> "photo-%04d".formatted(i);
      case "caption" ->
          i % 7 == 3 ? null : List.of("a red car", "猫在垫子上", "", "naïve 👩").get(i % 4);
      case "n" -> i % 11 == 5 ? null : (long) Math.pow(i - 30, 9);
      case "small" -> (long) i * i - 500;
      case "unsigned" -> 4_000_000_000L + i;
      case "score" -> i % 5 == 0 ? null : i / 8.0;
      case "part" -> i / 4.0;
      case "good" -> i % 6 == 2 ? null : i % 3 == 0;
      case "hash" -> new byte[] {(byte) i, 0, (byte) 255, (byte) (i / 2)};
      case "day" -> 20454L + i;
      case "tags" -> i % 8 == 7 ? null : list(i % 4, k -> k == 2 ? null : "tag" + (i + k) % 5);
      case "vector" -> i % 9 == 8 ? null : vector(i);
      case "image.bytes" -> i % 10 == 9 ? null : bytes(i);
      case "image.path" -> i % 10 == 9 ? null : path(i);
      case "images.bytes" ->
          i % 7 == 6 ? null : texts(list(i % 4, k -> k == 1 ? null : bytes(i + k)));
      case "images.path" -> i % 7 == 6 ? null : list(i % 4, k -> k == 1 ? null : path(i + k));
      case "notes.key_value.key" -> List.of("k");
      case "notes.key_value.value" -> List.of("v" + i);
      default -> throw new AssertionError(path);
    };
  }

  private static byte[] bytes(int i) {
    byte[] bytes = new byte[i % 9];
    for (int j = 0; j < bytes.length; j++) {
      bytes[j] = (byte) (i * j);
    }
    return bytes;
  }

  private static @Nullable String path(int i) {
    return i % 4 == 1 ? null : "photos/" + i + ".jpg";
  }

  private static float[] vector(int i) {
    float[] vector = new float[i % 5];
    for (int k = 0; k < vector.length; k++) {
      vector[k] = i + k / 2f;
    }
    return vector;
  }

  private static <T> List<@Nullable T> list(int size, IntFunction<@Nullable T> element) {
    List<@Nullable T> list = new ArrayList<>();
    for (int k = 0; k < size; k++) {
      list.add(element.apply(k));
    }
    return list;
  }

  /// Lists of arrays are not equal by what is in them.
  private static @Nullable List<String> texts(@Nullable List<byte @Nullable []> arrays) {
    return arrays == null
        ? null
        : arrays.stream()
            .map(a -> a == null ? "null" : new String(a, StandardCharsets.ISO_8859_1))
            .toList();
  }

  private static String words(int count) {
    int[] state = {1};
    return String.join(
        " ",
        Stream.generate(
                () -> {
                  state[0] = state[0] * 1103515245 + 12345 & 0x7fffffff;
                  return Integer.toHexString((state[0] >> 16) % (1 + (state[0] >> 8) % 997));
                })
            .limit(count)
            .toList());
  }
}
