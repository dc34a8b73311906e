package org.internvl4j.media.video;

import java.io.Serial;

/// A video could not be read. The message is one sentence: which file, what was expected, what was
/// found, what to do.
public final class VideoException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  VideoException(String message) {
    super(message);
  }

  VideoException(String message, Throwable cause) {
    super(message, cause);
  }
}
