package org.internvl4j.models;

/// Hears of an answer while it is made. Called on the thread that asked; a slow listener slows the
/// answer.
@FunctionalInterface
public interface AnswerListener {
  /// Ignores everything.
  AnswerListener NONE = piece -> {};

  /// A piece of the answer, never half a character; all pieces together are [Answer#text].
  void text(String piece);

  /// A tile went through the vision tower.
  ///
  /// @param done tiles so far, from 1
  /// @param total tiles to encode in this turn
  default void tileEncoded(int done, int total) {}

  /// A chunk of the prompt went through the decoder.
  ///
  /// @param done prompt tokens so far
  /// @param total prompt tokens that were not cached
  default void promptRead(int done, int total) {}

  /// A token was chosen; only if [Generation#logprobs] asks for it. The text that it makes comes
  /// later, if it makes any.
  default void token(TokenChoice choice) {}
}
