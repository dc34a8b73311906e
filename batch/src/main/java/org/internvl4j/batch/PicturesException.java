package org.internvl4j.batch;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/// The pictures of a row are too large to be read together.
final class TooLargeException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  TooLargeException(String message) {
    this(message, null);
  }

  TooLargeException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
