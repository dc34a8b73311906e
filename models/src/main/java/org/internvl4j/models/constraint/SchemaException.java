package org.internvl4j.models.constraint;

/// A schema that cannot be used: one sentence that says what is wrong with it, and where.
public final class SchemaException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  SchemaException(String message) {
    super(message);
  }
}
