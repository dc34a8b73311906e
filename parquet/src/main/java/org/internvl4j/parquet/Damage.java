package org.internvl4j.parquet;

import java.io.IOException;
import java.io.Serial;

/// Something in a file that is not as the format says; [ParquetReader] adds the file's name.
final class Damage extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  /// @param what lower case, no full stop
  Damage(String what) {
    super(what);
  }

  /// @param cause what lies behind it
  Damage(String what, Throwable cause) {
    super(what, cause);
  }

  /// Whether nothing is known of what is in the file: it could not be read.
  boolean isUnread() {
    return getCause() instanceof IOException;
  }
}
