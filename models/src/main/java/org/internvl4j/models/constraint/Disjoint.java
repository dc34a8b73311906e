package org.internvl4j.models.constraint;

import java.math.BigDecimal;
import java.util.ArrayList;
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
  private static final Set<String> OBJECT = Set.of("object");
  private static final int MAX_CHOICES = 200;
  private static final long VALUE = 20; // steps
  private static final long LOOK_UP = 3;

  private final Json root;
  private final Budget budget;

  Disjoint(Json root, Budget budget) {
    this.root = root;
    this.budget = budget;
  }

  /// What is known of a choice.
  ///
  /// @param types that it can have
  /// @param values that it can have, if that is known
  /// @param tags the values of properties that must be there
  private record Known(
      Set<String> types, @Nullable Set<Object> values, Map<String, Set<Object>> tags) {}

  /// @throws SchemaException naming the first two that may overlap
  void check(Json oneOf) {
    List<Json> choices = oneOf.items();
    if (choices.size() > MAX_CHOICES) {
      throw Keywords.refused(oneOf, "has more than " + MAX_CHOICES + " choices; use anyOf");
    }
    List<@Nullable Known> known = new ArrayList<>();
    choices.forEach(choice -> known.add(known(follow(choice))));
    for (int i = 0; i < known.size(); i++) {
      for (int k = 0; k < i; k++) {
        if (!apart(known.get(k), known.get(i))) {
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

  private Json follow(Json schema) {
    Json at = schema;
    for (int i = 0; i < SchemaCompiler.MAX_REFS; i++) {
      if (!(at instanceof Json.Obj) || !at.has("$ref")) {
        return at;
      }
      at = Keywords.follow(root, at.at("$ref"));
    }
    return at;
  }

  private boolean apart(@Nullable Known a, @Nullable Known b) {
    if (a == null || b == null) {
      return false;
    }
    if (apart(a.types, b.types)
        || (a.values != null && b.values != null && apart(a.values, b.values))) {
      return true;
    }
    if (!a.types.equals(OBJECT) || !b.types.equals(OBJECT)) {
      return false;
    }
    budget.spend(LOOK_UP * a.tags.size());
    for (Map.Entry<String, Set<Object>> tag : a.tags.entrySet()) {
      Set<Object> other = b.tags.get(tag.getKey());
      if (other != null && apart(tag.getValue(), other)) {
        return true;
      }
    }
    return false;
  }

  private boolean apart(Set<?> a, Set<?> b) {
    if (a.size() > b.size()) {
      return apart(b, a);
    }
    budget.spend(1 + LOOK_UP * a.size());
    return a.stream().noneMatch(b::contains);
  }

  /// What is known of a choice; null for nothing.
  private @Nullable Known known(Json choice) {
    return choice instanceof Json.Obj
        ? new Known(types(choice), values(choice), tags(choice))
        : null;
  }

  /// The values of the properties that must be there, where they are known.
  private Map<String, Set<Object>> tags(Json schema) {
    Json properties = schema.find("properties");
    Json required = schema.find("required");
    Map<String, Set<Object>> tags = new LinkedHashMap<>();
    if (properties == null || required == null) {
      return tags;
    }
    for (Json name : required.items()) {
      Json property = properties.fields().get(name.asText());
      Set<Object> values = property == null ? null : values(follow(property));
      if (values != null) {
        tags.put(name.asText(), values);
      }
    }
    return tags;
  }

  private Set<String> types(Json schema) {
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
  private @Nullable Set<Object> values(Json schema) {
    if (!(schema instanceof Json.Obj)) {
      return null;
    }
    Json constant = schema.fields().get("const");
    Json list = schema.find("enum");
    List<Json> all = constant != null ? List.of(constant) : list != null ? list.items() : null;
    if (all == null) {
      return null;
    }
    budget.spend(VALUE * all.size());
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
