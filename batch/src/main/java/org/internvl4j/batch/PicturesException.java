package org.internvl4j.batch;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/// The pictures of a row cannot be read: one is not there, or they are too large together.
final class PicturesException extends IllegalArgumentException {
  @Serial private static final long serialVersionUID = 1;

  PicturesException(String message) {
    this(message, null);
  }

  PicturesException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
