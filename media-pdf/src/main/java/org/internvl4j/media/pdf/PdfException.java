package org.internvl4j.media.pdf;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/// A PDF file could not be read. The message is one sentence: which file, what was expected, what
/// was found, what to do.
public final class PdfException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final boolean machine;

  PdfException(String message) {
    this(message, null);
  }

  PdfException(String message, @Nullable Throwable cause) {
    this(message, cause, false);
  }

  private PdfException(String message, @Nullable Throwable cause, boolean machine) {
    super(message, cause);
    this.machine = machine;
  }

  /// One that is not the file's fault.
  static PdfException ofMachine(String message, @Nullable Throwable cause) {
    return new PdfException(message, cause, true);
  }

  /// Whether this machine could not read it just now, whatever the file is.
  public boolean isOfMachine() {
    return machine;
  }
}
