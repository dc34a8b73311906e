package org.internvl4j.hub;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A failure that another try may mend: a connection that broke, a server that is busy.
final class TransientException extends IOException {
  private static final long serialVersionUID = 1;

  private final @Nullable Duration asked;

  TransientException(String message, @Nullable Duration asked, @Nullable Throwable cause) {
    super(message, cause);
    this.asked = asked;
  }

  TransientException(String message) {
    this(message, null, null);
  }

  /// How long the server asks to wait; null if it does not say.
  @Nullable Duration asked() {
    return asked;
  }
}
