package org.internvl4j.parquet;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A column that [ParquetWriter] writes.
///
/// @param name not empty; a point in it would look like a path to readers and is refused
/// @param optional whether rows may have null here
public record Column(String name, Kind kind, boolean optional) {
  /// Bytes of the largest value of a row.
  static final int LARGEST = 1 << 29;

  /// What a column holds, and the Java type that stands for it.
  public enum Kind {
    /// `String`, as UTF-8; halves of surrogate pairs become `?`.
    STRING(Physical.BYTE_ARRAY, false),
    /// `byte[]`.
    BINARY(Physical.BYTE_ARRAY, false),
    /// `Long`.
    LONG(Physical.INT64, false),
    /// `Double`.
    DOUBLE(Physical.DOUBLE, false),
    /// `Float`.
    FLOAT(Physical.FLOAT, false),
    /// `Boolean`.
    BOOLEAN(Physical.BOOLEAN, false),
    /// `float[]`, a list without nulls.
    FLOATS(Physical.FLOAT, true),
    /// `List<String>`, a list without nulls.
    STRINGS(Physical.BYTE_ARRAY, true);

    final Physical physical;
    final boolean list;

    Kind(Physical physical, boolean list) {
      this.physical = physical;
      this.list = list;
    }

    boolean isText() {
      return this == STRING || this == STRINGS;
    }
  }

  public Column {
    if (name.isEmpty() || name.indexOf('.') >= 0) {
      throw new IllegalArgumentException("column \"" + name + "\": a name has no point in it");
    }
  }

  /// A column that has a value in each row.
  public static Column required(String name, Kind kind) {
    return new Column(name, kind, false);
  }

  /// A column that may have null.
  public static Column optional(String name, Kind kind) {
    return new Column(name, kind, true);
  }

  /// The path of its values in the schema: lists have three levels.
  List<String> path() {
    return kind.list ? List.of(name, "list", "element") : List.of(name);
  }

  /// The definition level of a value that is there.
  int maxDefinition() {
    return (optional ? 1 : 0) + (kind.list ? 1 : 0);
  }

  /// What is put into a page for a value: for STRING and STRINGS their bytes.
  ///
  /// @throws IllegalArgumentException if it is none of this column's values
  @Nullable Object prepared(@Nullable Object value) {
    Object found =
        switch (value) {
          case null -> {
            if (!optional) {
              throw new IllegalArgumentException("column " + name + ": null, but it is required");
            }
            yield null;
          }
          case String text when kind == Kind.STRING -> text.getBytes(StandardCharsets.UTF_8);
          case byte[] bytes when kind == Kind.BINARY -> bytes;
          case Long number when kind == Kind.LONG -> number;
          case Double number when kind == Kind.DOUBLE -> number;
          case Float number when kind == Kind.FLOAT -> number;
          case Boolean truth when kind == Kind.BOOLEAN -> truth;
          case float[] numbers when kind == Kind.FLOATS -> numbers;
          case List<?> texts when kind == Kind.STRINGS -> texts.stream().map(this::bytes).toList();
          default ->
              throw new IllegalArgumentException(
                  "column %s: %s, but it holds %s".formatted(name, value.getClass(), kind));
        };
    if (size(found) > LARGEST) {
      throw new IllegalArgumentException(
          "column %s: a value of %d bytes, at most %d are written"
              .formatted(name, size(found), LARGEST));
    }
    return found;
  }

  private byte[] bytes(@Nullable Object element) {
    if (element instanceof String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    throw new IllegalArgumentException(
        "column %s: a list with %s, but it holds texts"
            .formatted(name, element == null ? "null" : element.getClass()));
  }

  /// Bytes that a prepared value takes in a page, about.
  private static long size(@Nullable Object prepared) {
    return switch (prepared) {
      case byte[] bytes -> 4L + bytes.length;
      case float[] numbers -> 4L * numbers.length;
      case List<?> elements -> elements.stream().mapToLong(Column::size).sum();
      case null, default -> 8;
    };
  }
}
