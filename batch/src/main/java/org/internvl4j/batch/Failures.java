package org.internvl4j.batch;

import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.PromptTooLongException;
import org.jspecify.annotations.Nullable;

/// What of the things that go wrong belongs to a row, and what to the whole run.
final class Failures {
  private Failures() {}

  /// @return null if it is not the row's fault: the others would fail, too
  static @Nullable Failed of(Throwable e) {
    return switch (e) {
      case PictureException _, PicturesException _ -> Failed.picture(message(e));
      case PromptTooLongException _ -> Failed.tooLong(message(e));
      case IllegalArgumentException _ -> Failed.input(message(e));
      default -> null;
    };
  }

  private static String message(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }
}
