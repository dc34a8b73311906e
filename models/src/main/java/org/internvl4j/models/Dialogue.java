package org.internvl4j.models;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A conversation up to the question that waits for its answer. Immutable.
///
/// @param system the system message; null for the checkpoint's own
/// @param earlier what was asked and answered before, oldest first
/// @param question what is to be answered
public record Dialogue(@Nullable String system, List<Earlier> earlier, Question question) {
  /// A question and the answer that it got.
  public record Earlier(Question question, String answer) {}

  public Dialogue {
    earlier = List.copyOf(earlier);
  }

  /// A question that stands alone.
  public static Dialogue of(Question question) {
    return new Dialogue(null, List.of(), question);
  }

  /// This dialogue with another system message.
  public Dialogue withSystem(@Nullable String system) {
    return new Dialogue(system, earlier, question);
  }
}
