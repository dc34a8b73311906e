package org.internvl4j.models.constraint;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.json.Json;

/// The keywords of a schema: which are known, and what they hold.
final class Keywords {
  static final List<String> TYPES =
      List.of("object", "array", "string", "number", "boolean", "null");

  private static final Set<String> IGNORED =
      Set.of(
          "title",
          "description",
          "default",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions");

  /// Which type a keyword speaks of.
  private static final Map<String, String> TYPED =
      Map.ofEntries(
          Map.entry("properties", "object"),
          Map.entry("required", "object"),
          Map.entry("additionalProperties", "object"),
          Map.entry("items", "array"),
          Map.entry("prefixItems", "array"),
          Map.entry("minItems", "array"),
          Map.entry("maxItems", "array"),
          Map.entry("minLength", "string"),
          Map.entry("maxLength", "string"),
          Map.entry("pattern", "string"),
          Map.entry("format", "string"),
          Map.entry("minimum", "number"),
          Map.entry("maximum", "number"),
          Map.entry("exclusiveMinimum", "number"),
          Map.entry("exclusiveMaximum", "number"),
          Map.entry("multipleOf", "number"));

  /// Of these there is one, and nothing beside it but a type beside values.
  private static final Set<String> ALONE = Set.of("$ref", "enum", "const", "anyOf", "oneOf");

  private Keywords() {}

  /// Refuses what is not supported, by name.
  static void check(Json schema) {
    String alone = "";
    for (String key : schema.fields().keySet()) {
      if (ALONE.contains(key)) {
        alone = key;
      }
    }
    for (Map.Entry<String, Json> entry : schema.fields().entrySet()) {
      String key = entry.getKey();
      if (IGNORED.contains(key)) {
        continue;
      }
      boolean type = key.equals("type");
      if (!type && !TYPED.containsKey(key) && !ALONE.contains(key)) {
        throw refused(entry.getValue(), "is not supported; leave it out");
      }
      boolean values = alone.equals("enum") || alone.equals("const");
      if (!alone.isEmpty() && !key.equals(alone) && !(type && values)) {
        throw refused(entry.getValue(), "beside " + alone + " is not supported");
      }
      if (entry.getValue().isNull() && !key.equals("const")) {
        throw entry.getValue().wrong("a value");
      }
    }
  }

  /// The types a schema allows: what it says, or those of its keywords, or all.
  static Set<String> types(Json schema) {
    Set<String> types = new LinkedHashSet<>();
    Json type = schema.find("type");
    if (type != null) {
      List<Json> names = type instanceof Json.Arr list ? list.items() : List.of(type);
      for (Json name : names) {
        String text = name.asText();
        if (!TYPES.contains(text) && !text.equals("integer")) {
          throw name.wrong("object, array, string, number, integer, boolean or null");
        }
        types.add(text);
      }
      return types;
    }
    for (String key : schema.fields().keySet()) {
      String of = TYPED.get(key);
      if (of != null) {
        types.add(of);
      }
    }
    return types.isEmpty() ? new LinkedHashSet<>(TYPES) : types;
  }

  /// The values of `enum` or `const` that `type` allows, as JSON.
  static List<String> values(Json schema) {
    List<String> values = new ArrayList<>();
    Json constant = schema.fields().get("const");
    List<Json> all = constant == null ? schema.at("enum").items() : List.of(constant);
    Set<String> types = schema.has("type") ? types(schema) : Set.of();
    for (Json value : all) {
      if (types.isEmpty() || types.stream().anyMatch(type -> is(value, type))) {
        values.add(value.toString());
      }
    }
    return values;
  }

  private static boolean is(Json value, String type) {
    return switch (value) {
      case Json.Obj o -> type.equals("object");
      case Json.Arr a -> type.equals("array");
      case Json.Str s -> type.equals("string");
      case Json.Bool b -> type.equals("boolean");
      case Json.Null n -> type.equals("null");
      case Json.Num n ->
          type.equals("number") || (type.equals("integer") && n.text().matches("-?[0-9]+"));
    };
  }

  /// A count, or `otherwise` if there is none; very large ones are cut.
  static int count(Json schema, String key, int otherwise) {
    Json count = schema.find(key);
    if (count == null) {
      return otherwise;
    }
    BigDecimal value = decimal(count);
    if (value.scale() > 0) {
      throw count.wrong("an integer");
    }
    if (value.signum() < 0) {
      throw count.wrong("0 or more");
    }
    return value.min(BigDecimal.valueOf(Integer.MAX_VALUE)).intValue();
  }

  /// A bound of numbers; what no number here reaches is cut to what is just out of reach.
  static BigDecimal decimal(Json number) {
    if (!(number instanceof Json.Num n)) {
      throw number.wrong("a number");
    }
    BigDecimal value;
    try {
      value = new BigDecimal(n.text());
    } catch (NumberFormatException e) {
      throw refused(number, "has an exponent that is too large");
    }
    if (value.signum() == 0) {
      return BigDecimal.ZERO;
    }
    if ((long) value.precision() - value.scale() > Numerals.MAX_DIGITS) {
      return BigDecimal.valueOf(value.signum()).scaleByPowerOfTen(Numerals.MAX_DIGITS);
    }
    value = value.stripTrailingZeros();
    if (value.scale() > Numerals.MAX_DIGITS - 1 || value.precision() > Numerals.MAX_DIGITS) {
      throw refused(number, "has more than " + Numerals.MAX_DIGITS + " digits");
    }
    return value;
  }

  /// What a local reference names.
  static Json follow(Json root, Json reference) {
    String text = reference.asText();
    if (text.equals("#")) {
      return root;
    }
    String[] parts = text.split("/", -1);
    if (parts.length != 3
        || !parts[0].equals("#")
        || !(parts[1].equals("$defs") || parts[1].equals("definitions"))) {
      throw refused(
          reference, "\"" + text + "\" is not supported; expected #, #/$defs/… or #/definitions/…");
    }
    Json definitions = root.fields().get(parts[1]);
    String name = parts[2].replace("~1", "/").replace("~0", "~");
    Json target = definitions == null ? null : definitions.fields().get(name);
    if (target == null) {
      throw refused(reference, "\"" + text + "\" names nothing");
    }
    return target;
  }

  static SchemaException refused(Json at, String why) {
    return SchemaException.at(at.place().path(), why);
  }
}
