package org.internvl4j.models.constraint;

import org.jspecify.annotations.Nullable;

/// A schema that cannot be used: one sentence that says what is wrong with it, and where.
public final class SchemaException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final @Nullable String path;

  SchemaException(String message) {
    this(message, null);
  }

  /// @param path where the value stands that is wrong; null if it is no single one
  SchemaException(String message, @Nullable String path) {
    super(message);
    this.path = path;
  }

  /// One about a value.
  ///
  /// @param path where it stands: `properties.a.pattern`; empty for the root
  /// @param why `is not supported`
  static SchemaException at(String path, String why) {
    return new SchemaException("schema: " + (path.isEmpty() ? "it" : path) + " " + why, path);
  }

  /// Where in the document the value stands that is wrong: `properties.a.pattern`, empty for the
  /// root; null if it is no single one.
  public @Nullable String path() {
    return path;
  }
}
