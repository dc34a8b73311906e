package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.loader.json.Json;

/// What an answer has to look like: JSON that a schema allows, or any JSON object.
///
/// An answer that ends by itself is whole and valid. One that is cut because its tokens are used up
/// is the beginning of such an answer.
///
/// Immutable, safe for use by several threads.
public final class Constraint {
  private static final int MAX_SCHEMA = 1 << 20;

  private final SchemaCompiler.Compiled compiled;

  private Constraint(SchemaCompiler.Compiled compiled) {
    this.compiled = compiled;
  }

  /// Any JSON object.
  public static Constraint json() {
    return new Constraint(SchemaCompiler.object(parse("{}")));
  }

  /// What a JSON Schema of the documented subset allows.
  ///
  /// @throws SchemaException if it is no JSON, says what is not supported, is too large or can
  ///   match nothing
  public static Constraint schema(String json) {
    if (json.length() > MAX_SCHEMA) {
      throw new SchemaException(
          "schema: it has " + json.length() + " characters, at most " + MAX_SCHEMA + " may be");
    }
    return schema(parse(json));
  }

  private static Json parse(String json) {
    try {
      return Json.parse(json.getBytes(StandardCharsets.UTF_8), "schema");
    } catch (CheckpointException e) {
      throw new SchemaException(String.valueOf(e.getMessage()), e.path());
    }
  }

  /// What a JSON Schema of the documented subset allows.
  ///
  /// @param schema an object or a boolean; it is taken as the root, wherever it stands
  /// @throws SchemaException if it says what is not supported, is too large or can match nothing
  public static Constraint schema(Json schema) {
    if (rest(schema, MAX_SCHEMA) < 0) {
      throw new SchemaException(
          "schema: it has more than " + MAX_SCHEMA + " characters, the most that may be");
    }
    try {
      return new Constraint(SchemaCompiler.compile(schema));
    } catch (CheckpointException e) {
      throw new SchemaException(String.valueOf(e.getMessage()), e.path());
    }
  }

  /// What is left of so many characters behind a value's text without spaces; below 0 if it has
  /// more, however many.
  private static long rest(Json json, long characters) {
    long left = characters;
    switch (json) {
      case Json.Obj object -> {
        left -= 2;
        for (Map.Entry<String, Json> field : object.fields().entrySet()) {
          if (left < 0) {
            return left;
          }
          left = rest(field.getValue(), left - field.getKey().length() - 4);
        }
      }
      case Json.Arr list -> {
        left -= 2;
        for (Json item : list.items()) {
          if (left < 0) {
            return left;
          }
          left = rest(item, left - 1);
        }
      }
      case Json.Str text -> left -= text.text().length() + 2;
      case Json.Num number -> left -= number.text().length();
      case Json.Bool _, Json.Null _ -> left -= 4;
    }
    return left;
  }

  /// A walk along one answer.
  ///
  /// @param tokens of the model's tokenizer
  /// @param ends the tokens that end an answer
  /// @throws IllegalArgumentException if there is no end token, or one the model does not have
  public Cursor cursor(TokenTrie tokens, int... ends) {
    return new Cursor(compiled, tokens, ends);
  }

  SchemaCompiler.Compiled compiled() {
    return compiled;
  }
}
