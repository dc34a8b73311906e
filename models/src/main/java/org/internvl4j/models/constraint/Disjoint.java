package org.internvl4j.models.constraint;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// Whether no value matches two schemas: by their types, by their values, or by a property that
/// both require with other values.
final class Disjoint {
  private static final int MAX_CHOICES = 200;

  private Disjoint() {}

  /// @throws SchemaException naming the first two that may overlap
  static void check(Json root, Json oneOf) {
    List<Json> choices = oneOf.items();
    if (choices.size() > MAX_CHOICES) {
      throw Keywords.refused(oneOf, "has more than " + MAX_CHOICES + " choices; use anyOf");
    }
    List<Json> followed = choices.stream().map(choice -> follow(root, choice)).toList();
    for (int i = 0; i < followed.size(); i++) {
      for (int k = 0; k < i; k++) {
        if (!apart(root, followed.get(k), followed.get(i))) {
          throw Keywords.refused(
              oneOf,
              "is not supported where choices "
                  + k
                  + " and "
                  + i
                  + " may both match; use anyOf, or tell them apart by type or by a required"
                  + " property with a const");
        }
      }
    }
  }

  private static Json follow(Json root, Json schema) {
    Json at = schema;
    for (int i = 0; i < SchemaCompiler.MAX_REFS; i++) {
      if (!(at instanceof Json.Obj) || !at.has("$ref")) {
        return at;
      }
      at = Keywords.follow(root, at.at("$ref"));
    }
    return at;
  }

  private static boolean apart(Json root, Json a, Json b) {
    if (!(a instanceof Json.Obj) || !(b instanceof Json.Obj)) {
      return false;
    }
    if (apart(types(a), types(b)) || apart(values(a), values(b))) {
      return true;
    }
    if (!types(a).equals(Set.of("object")) || !types(b).equals(Set.of("object"))) {
      return false;
    }
    Map<String, Json> ofA = tags(a);
    Map<String, Json> ofB = tags(b);
    for (Map.Entry<String, Json> tag : ofA.entrySet()) {
      Json other = ofB.get(tag.getKey());
      if (other != null
          && apart(values(follow(root, tag.getValue())), values(follow(root, other)))) {
        return true;
      }
    }
    return false;
  }

  /// Null stands for everything.
  private static boolean apart(@Nullable Set<?> a, @Nullable Set<?> b) {
    return a != null && b != null && a.stream().noneMatch(b::contains);
  }

  /// The properties that must be there.
  private static Map<String, Json> tags(Json schema) {
    Json properties = schema.find("properties");
    Json required = schema.find("required");
    if (properties == null || required == null) {
      return Map.of();
    }
    Set<String> names = new HashSet<>();
    required.items().forEach(name -> names.add(name.asText()));
    Map<String, Json> tags = new LinkedHashMap<>(properties.fields());
    tags.keySet().retainAll(names);
    return tags;
  }

  private static Set<String> types(Json schema) {
    Set<String> types = new LinkedHashSet<>();
    if (schema.has("type")) {
      for (String type : Keywords.types(schema)) {
        types.add(type.equals("integer") ? "number" : type);
      }
      return types;
    }
    Set<Object> values = values(schema);
    if (values == null) {
      types.addAll(Keywords.TYPES);
      return types;
    }
    for (Object value : values) {
      types.add(
          switch (value) {
            case BigDecimal number -> "number";
            case Boolean bool -> "boolean";
            case String text -> "string";
            default -> "null";
          });
    }
    return types;
  }

  /// The values of `const` or `enum`, if they can be compared; null for everything.
  private static @Nullable Set<Object> values(Json schema) {
    if (!(schema instanceof Json.Obj)) {
      return null;
    }
    Json constant = schema.fields().get("const");
    Json list = schema.find("enum");
    List<Json> all = constant != null ? List.of(constant) : list != null ? list.items() : null;
    if (all == null) {
      return null;
    }
    Set<Object> values = new HashSet<>();
    for (Json value : all) {
      switch (value) {
        case Json.Str text -> values.add(text.text());
        case Json.Bool bool -> values.add(bool.value());
        case Json.Null none -> values.add(Disjoint.class);
        case Json.Num number -> values.add(Keywords.decimal(number));
        case Json.Obj object -> {
          return null;
        }
        case Json.Arr array -> {
          return null;
        }
      }
    }
    return values;
  }
}
