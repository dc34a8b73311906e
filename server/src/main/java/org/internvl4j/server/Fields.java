package org.internvl4j.server;

import java.util.List;
import java.util.function.Supplier;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;

/// Reads requests: whatever is wrong in one is the client's fault, and said with the field's name.
final class Fields {
  private Fields() {}

  /// @throws ApiException if what `read` looks at is missing or something else
  static <T> T read(Supplier<T> read) {
    try {
      return read.get();
    } catch (CheckpointException e) {
      throw ApiException.bad(e.getMessage());
    }
  }

  /// A value that is readable but not usable.
  static ApiException wrong(Json field, String expected) {
    return ApiException.bad(field.wrong(expected).getMessage()).in(field);
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
    long value = field.asLong();
    if (value < least || value > most) {
      throw wrong(field, least + " to " + most);
    }
    return (int) value;
  }
}
