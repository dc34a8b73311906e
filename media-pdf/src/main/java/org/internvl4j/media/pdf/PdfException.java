package org.internvl4j.media.pdf;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/// A PDF file could not be read. The message is one sentence: which file, what was expected, what
/// was found, what to do.
public final class PdfException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  PdfException(String message) {
    super(message);
  }

  PdfException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
