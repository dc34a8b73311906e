package org.internvl4j.models;

import org.jspecify.annotations.Nullable;

/// A [Session] cannot have the memory for keys and values that [SessionOptions#kvBytes] gives it:
/// less than a page, or more than its devices have.
public final class KvMemoryException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  KvMemoryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
