package org.internvl4j.models;

import java.time.Duration;
import java.util.List;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.grounding.Region;

/// What the model said, why it stopped and what it cost.
///
/// @param text the answer, `<ref>`, `<box>` marks of grounded answers included
/// @param plainText the answer without those marks, as the reference returns it and as it enters
///   the history
/// @param finish why it ended
/// @param usage counts
/// @param timings where the time went
public record Answer(String text, String plainText, Finish finish, Usage usage, Timings timings) {
  /// What the answer points at, read as [Grounding] says; empty where it has no boxes. To which of
  /// several pictures a box belongs, models do not say: whoever asked knows.
  public List<Region> regions() {
    return Grounding.parse(text);
  }

  /// Why an answer ended.
  public enum Finish {
    /// The model said that it is done.
    STOP,
    /// A stop text of [Generation#stop] came.
    STOP_TEXT,
    /// [Generation#maxNewTokens] were made.
    LENGTH,
    /// The model's context is full.
    CONTEXT,
    /// [Conversation#cancel] was called; the text is what had come by then.
    CANCELLED
  }

  /// Counts of one answer.
  ///
  /// @param promptTokens tokens of the whole prompt, those of pictures included
  /// @param cachedTokens how many of them were still in the KV cache from the turn before
  /// @param newTokens tokens made
  /// @param tiles tiles of all pictures of the conversation
  /// @param encodedTiles how many of them this turn had to encode
  /// @param draftedTokens tokens that were guessed ([Generation#lookup])
  /// @param acceptedTokens how many of them were right
  public record Usage(
      int promptTokens,
      int cachedTokens,
      int newTokens,
      int tiles,
      int encodedTiles,
      int draftedTokens,
      int acceptedTokens) {}

  /// Where the time of one answer went.
  ///
  /// @param vision vision tower and projector
  /// @param prefill prompt through the decoder, up to the first token
  /// @param decode all further tokens
  public record Timings(Duration vision, Duration prefill, Duration decode) {
    /// Tokens a second after the first; NaN where there is no second one.
    public double decodeRate(int newTokens) {
      return newTokens < 2 ? Double.NaN : (newTokens - 1) / (decode.toNanos() * 1e-9);
    }
  }
}
