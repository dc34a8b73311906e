package org.internvl4j.parquet;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A row that was read, by the paths that were asked for. It stays valid for good.
///
/// Every method throws [ParquetException] where the column holds something else, and
/// IllegalArgumentException where it was not asked for.
public final class Row {
  private final String file;
  private final Map<String, Integer> places;
  private final List<Field> fields;
  private final @Nullable Object[] values;

  Row(String file, Map<String, Integer> places, List<Field> fields, @Nullable Object[] values) {
    this.file = file;
    this.places = places;
    this.fields = fields;
    this.values = values;
  }

  /// A text; bytes without a meaning if they are UTF-8.
  public @Nullable String string(String path) {
    return value(path, false, byte[].class, "a text") instanceof byte[] bytes
        ? text(path, bytes)
        : null;
  }

  /// The bytes, those of a text too. Not to be changed: rows with the same value may share them.
  public byte @Nullable [] bytes(String path) {
    return (byte[]) value(path, false, byte[].class, "bytes");
  }

  /// A whole number below 2^63; of dates and times the file's own count.
  public @Nullable Long integer(String path) {
    Object value = value(path, false, Long.class, "a whole number");
    if (value instanceof BigInteger large) {
      throw failure(path, "a whole number below 2^63 was expected, it is " + large);
    }
    return (Long) value;
  }

  /// A number as the file has it: a `Long`, a `BigInteger` from 2^63, a `Float` or a `Double`.
  public @Nullable Number number(String path) {
    return (Number) value(path, false, Number.class, "a number");
  }

  /// A number, with a fraction or without.
  public @Nullable Double real(String path) {
    Number number = number(path);
    return number == null ? null : (Double) number.doubleValue();
  }

  public @Nullable Boolean truth(String path) {
    return (Boolean) value(path, false, Boolean.class, "true or false");
  }

  /// A list of texts, among them null where the file has null.
  public @Nullable List<@Nullable String> strings(String path) {
    return list(
        path,
        byte[].class,
        "a list of texts",
        value -> value instanceof byte[] bytes ? text(path, bytes) : null);
  }

  /// A list of byte arrays, as [#bytes] gives them.
  public @Nullable List<byte @Nullable []> arrays(String path) {
    return list(path, byte[].class, "a list of bytes", value -> (byte[]) value);
  }

  /// A list of numbers without null.
  public float @Nullable [] floats(String path) {
    List<@Nullable Float> numbers =
        list(
            path,
            Number.class,
            "a list of numbers",
            value -> value instanceof Number number ? (Float) number.floatValue() : null);
    if (numbers == null) {
      return null;
    }
    float[] found = new float[numbers.size()];
    for (int i = 0; i < found.length; i++) {
      Float number = numbers.get(i);
      if (number == null) {
        throw failure(path, "a list of numbers has null among them");
      }
      found[i] = number;
    }
    return found;
  }

  /// Whether a row has nothing there; an empty list is something.
  public boolean isNull(String path) {
    return values[place(path)] == null;
  }

  private <T> @Nullable List<@Nullable T> list(
      String path,
      Class<?> type,
      String expected,
      Function<@Nullable Object, @Nullable T> element) {
    if (!(value(path, true, type, expected) instanceof List<?> elements)) {
      return null;
    }
    List<@Nullable T> found = new ArrayList<>();
    for (Object value : elements) {
      found.add(element.apply(value));
    }
    return found;
  }

  private @Nullable Object value(String path, boolean list, Class<?> type, String expected) {
    int place = place(path);
    Field field = fields.get(place);
    boolean fits =
        field.list() == list
            && switch (field.type()) {
              case STRING, BINARY -> type == byte[].class;
              case LONG -> type == Long.class || type == Number.class;
              case DOUBLE -> type == Number.class;
              case BOOLEAN -> type == Boolean.class;
              case OTHER -> false;
            };
    if (!fits) {
      throw failure(
          path,
          "%s was expected, it is %s%s"
              .formatted(expected, field.list() ? "a list of " : "", field.type()));
    }
    return values[place];
  }

  private int place(String path) {
    Integer place = places.get(path);
    if (place == null) {
      throw new IllegalArgumentException(
          "column %s was not asked for, only %s"
              .formatted(path, String.join(", ", places.keySet())));
    }
    return place;
  }

  private String text(String path, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw failure(path, "a text was expected, its bytes are not UTF-8");
    }
  }

  private ParquetException failure(String path, String what) {
    return new ParquetException(file, "column " + path + ": " + what, null);
  }
}
