package org.internvl4j.serving;

import java.time.Duration;
import org.internvl4j.models.Answer;

/// Hears of what an [Engine] does: for metrics. Called on the engine's thread or, of refusals, on
/// that of whoever asked; must not wait.
public interface EngineListener {
  /// Ignores everything.
  EngineListener NONE = new EngineListener() {};

  /// An answer has its first token.
  ///
  /// @param operation what was asked for
  /// @param since it was asked for
  default void firstToken(Operation operation, Duration since) {}

  /// A piece of a prompt or of a picture was read.
  ///
  /// @param time of the piece
  default void piece(Duration time) {}

  /// Answers got a token each.
  ///
  /// @param answers how many
  /// @param time of the pass
  default void step(int answers, Duration time) {}

  /// An answer is complete, or was cancelled.
  ///
  /// @param operation what was asked for
  default void done(Operation operation, Answer answer, Reply.Times times) {}

  /// A request was refused.
  default void refused(RefusedException.Reason reason) {}

  /// An answer had to give up its memory for older ones and begins anew later.
  default void suspended() {}
}
