package org.internvl4j.search;

import java.io.Serial;

/// An index is missing, damaged, in use or of another kind. The message is one sentence: what,
/// where, and what to do.
public final class SearchException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  SearchException(String message) {
    super(message);
  }

  SearchException(String message, Throwable cause) {
    super(message, cause);
  }
}
