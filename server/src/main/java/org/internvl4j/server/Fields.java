package org.internvl4j.server;

import java.math.BigDecimal;
import java.util.List;
import java.util.function.Supplier;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.constraint.SchemaException;

/// Reads requests: whatever is wrong in one is the client's fault, and said with the field's name.
final class Fields {
  private static final BigDecimal LEAST_LONG = BigDecimal.valueOf(Long.MIN_VALUE);
  private static final BigDecimal MOST_LONG = BigDecimal.valueOf(Long.MAX_VALUE);

  private Fields() {}

  /// @throws ApiException if what `read` looks at is missing or something else
  static <T> T read(Supplier<T> read) {
    try {
      return read.get();
    } catch (CheckpointException e) {
      throw ApiException.bad(e.getMessage()).about(e.path());
    }
  }

  /// What becomes of a field: whatever `make` finds wrong with it bears the field's name, or that
  /// of a value within it.
  ///
  /// @throws ApiException if something is
  static <T> T of(Json field, Supplier<T> make) {
    String path = field.place().path();
    try {
      return read(make);
    } catch (ApiException e) {
      throw e.about(path);
    } catch (SchemaException e) {
      throw ApiException.bad(e.getMessage()).about(e.path()).about(path);
    } catch (IllegalArgumentException e) {
      throw ApiException.bad(e.getMessage()).about(path);
    } catch (PromptTooLongException e) {
      throw new ApiException(400, "context_length_exceeded", e.getMessage()).about(path);
    }
  }

  /// A value that is readable but not usable.
  static ApiException wrong(Json field, String expected) {
    return ApiException.bad(field.wrong(expected).getMessage()).about(field.place().path());
  }

  /// Refuses a field that would have to change the answer and cannot: it may be missing, null,
  /// `false`, or an empty text or list.
  ///
  /// @param why `this server calls no tools`
  static void requireNone(Json json, String name, String why) {
    Json field = json.find(name);
    boolean isNone =
        switch (field) {
          case null -> true;
          case Json.Arr list -> list.items().isEmpty();
          case Json.Str text -> text.text().isEmpty();
          case Json.Bool bool -> !bool.value();
          case Json.Obj _, Json.Num _, Json.Null _ -> false;
        };
    if (!isNone) {
      throw wrong(json.at(name), "none: " + why);
    }
  }

  /// A string, or a list of strings.
  static List<String> texts(Json field) {
    return field instanceof Json.Arr(List<Json> items, _)
        ? items.stream().map(Json::asText).toList()
        : List.of(field.asText());
  }

  /// A number within a range.
  static float number(Json field, double least, double most) {
    double value = field.asDouble();
    if (value < least || value > most) {
      throw wrong(field, least + " to " + most);
    }
    return (float) value;
  }

  /// An integer within a range.
  static int integer(Json field, int least, int most) {
    long value = cut(field);
    if (value < least || value > most) {
      throw wrong(field, least + " to " + most);
    }
    return (int) value;
  }

  /// An integer of 64 bits; what lies outside becomes the nearest one. Some clients know no
  /// integers and write `1.0`: what is whole counts.
  static long cut(Json field) {
    if (field instanceof Json.Num(String text, _)) {
      try {
        BigDecimal value = new BigDecimal(text);
        if (value.signum() == 0 || value.stripTrailingZeros().scale() <= 0) {
          return value.max(LEAST_LONG).min(MOST_LONG).longValue();
        }
      } catch (NumberFormatException | ArithmeticException e) {
        throw wrong(field, "an integer"); // its exponent is beyond all numbers
      }
    }
    throw wrong(field, "an integer");
  }
}
