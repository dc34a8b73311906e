package org.internvl4j.batch;

import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.PromptTooLongException;
import org.jspecify.annotations.Nullable;

/// What of the things that go wrong belongs to a row, and what to the whole run.
final class Failures {
  /// A picture that is missing, damaged, too large or none.
  static final String PICTURE = "picture";

  /// A question that is longer than the context or the memory for it.
  static final String TOO_LONG = "too_long";

  /// Anything else in a row that makes no sense.
  static final String INPUT = "input";

  private Failures() {}

  /// @return null if it is not the row's fault: the others would fail, too
  static @Nullable Failed of(Throwable e) {
    return switch (e) {
      case PictureException _, TooLargeException _ -> new Failed(PICTURE, message(e));
      case PromptTooLongException _ -> new Failed(TOO_LONG, message(e));
      case IllegalArgumentException _ -> new Failed(INPUT, message(e));
      default -> null;
    };
  }

  private static String message(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }
}
