package org.internvl4j.models.constraint;

import java.nio.charset.StandardCharsets;
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
      throw new SchemaException(String.valueOf(e.getMessage()));
    }
  }

  /// What a JSON Schema of the documented subset allows.
  ///
  /// @param schema an object or a boolean; it is taken as the root, wherever it stands
  /// @throws SchemaException if it says what is not supported, is too large or can match nothing
  public static Constraint schema(Json schema) {
    try {
      return new Constraint(SchemaCompiler.compile(schema));
    } catch (CheckpointException e) {
      throw new SchemaException(String.valueOf(e.getMessage()));
    }
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
