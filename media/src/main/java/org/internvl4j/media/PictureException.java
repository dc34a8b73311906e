package org.internvl4j.media;

import java.io.Serial;

/// A picture could not be read or written. The message is one sentence: which file, what was
/// expected, what was found, what to do.
public final class PictureException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  PictureException(String message) {
    super(message);
  }

  PictureException(String message, Throwable cause) {
    super(message, cause);
  }
}
