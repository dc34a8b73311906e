package org.internvl4j.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonBooleanSchema;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonIntegerSchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonNumberSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.request.json.JsonStringSchema;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.constraint.Constraint;
import org.internvl4j.models.constraint.SchemaException;
import org.jspecify.annotations.Nullable;

/// A response format as what an answer has to look like. The elements of a schema become the text
/// of a JSON Schema; definitions go to its root, where references look for them. Descriptions are
/// left out: they are for a model to read, and an answer is held to the schema without.
final class Schemas {
  private static final Json.Place NOWHERE = new Json.Place(null, "schema", -1);

  private final Map<String, String> definitions = new LinkedHashMap<>();

  private Schemas() {}

  /// @return null for any text
  /// @throws UnsupportedFeatureException if the schema says what answers cannot be held to
  /// @throws IllegalArgumentException if a raw schema is no JSON
  static @Nullable Constraint constraint(@Nullable ResponseFormat format) {
    if (format == null || format.type() != ResponseFormatType.JSON) {
      return null;
    }
    if (format.jsonSchema() == null) {
      return Constraint.json();
    }
    String schema = text(format.jsonSchema().rootElement());
    try {
      return Constraint.schema(schema);
    } catch (SchemaException e) {
      throw new UnsupportedFeatureException("responseFormat: " + e.getMessage());
    }
  }

  /// A JSON Schema.
  static String text(JsonSchemaElement root) {
    Schemas all = new Schemas();
    String schema = all.element(root);
    if (all.definitions.isEmpty()) {
      return schema;
    }
    return schema.substring(0, schema.length() - 1) + ",\"$defs\":" + object(all.definitions) + "}";
  }

  private String element(JsonSchemaElement element) {
    return switch (element) {
      case JsonObjectSchema schema -> object(schema);
      case JsonArraySchema schema ->
          "{\"type\":\"array\""
              + (schema.items() == null ? "" : ",\"items\":" + element(schema.items()))
              + "}";
      case JsonEnumSchema schema -> "{\"enum\":" + texts(schema.enumValues()) + "}";
      case JsonStringSchema _ -> "{\"type\":\"string\"}";
      case JsonIntegerSchema _ -> "{\"type\":\"integer\"}";
      case JsonNumberSchema _ -> "{\"type\":\"number\"}";
      case JsonBooleanSchema _ -> "{\"type\":\"boolean\"}";
      case JsonNullSchema _ -> "{\"type\":\"null\"}";
      case JsonReferenceSchema schema ->
          "{\"$ref\":" + quoted("#/$defs/" + escaped(String.valueOf(schema.reference()))) + "}";
      case JsonAnyOfSchema schema ->
          "{\"anyOf\":"
              + schema.anyOf().stream()
                  .map(this::element)
                  .collect(Collectors.joining(",", "[", "]"))
              + "}";
      case JsonRawSchema schema -> raw(schema.schema());
      default ->
          throw new UnsupportedFeatureException(
              "responseFormat: schema elements of class "
                  + element.getClass().getName()
                  + " are not supported; use those of LangChain4j, or a JsonRawSchema");
    };
  }

  private String object(JsonObjectSchema schema) {
    schema
        .definitions()
        .forEach((name, definition) -> {
          if (!definitions.containsKey(name)) {
            definitions.put(name, element(definition));
          }
        });
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("type", "\"object\"");
    if (!schema.properties().isEmpty()) {
      Map<String, String> properties = new LinkedHashMap<>();
      schema.properties().forEach((name, property) -> properties.put(name, element(property)));
      fields.put("properties", object(properties));
    }
    if (schema.required() != null && !schema.required().isEmpty()) {
      fields.put("required", texts(schema.required()));
    }
    if (schema.additionalProperties() != null) {
      fields.put("additionalProperties", schema.additionalProperties().toString());
    }
    return object(fields);
  }

  /// Read, so that it cannot reach beyond its place.
  private static String raw(String schema) {
    try {
      return Json.parse(schema.getBytes(StandardCharsets.UTF_8), "raw schema").toString();
    } catch (CheckpointException e) {
      throw new IllegalArgumentException("responseFormat: " + e.getMessage(), e);
    }
  }

  private static String object(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field -> quoted(field.getKey()) + ":" + field.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String texts(List<String> texts) {
    return texts.stream().map(Schemas::quoted).collect(Collectors.joining(",", "[", "]"));
  }

  private static String quoted(String text) {
    return new Json.Str(text, NOWHERE).toString();
  }

  /// As a part of a JSON pointer.
  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }
}
