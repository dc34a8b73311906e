package org.internvl4j.models;

import java.util.List;

/// A token that was chosen, and how likely it was to the model: before temperature, penalties and
/// everything else that a [Generation] asks for.
///
/// @param token the chosen one
/// @param likeliest as many as [Generation#logprobs] says, the likeliest first
public record TokenChoice(Candidate token, List<Candidate> likeliest) {
  /// One of the tokens that may follow.
  ///
  /// @param text what it alone decodes to
  /// @param logProbability natural logarithm of its probability
  public record Candidate(int id, String text, float logProbability) {}

  public TokenChoice {
    likeliest = List.copyOf(likeliest);
  }
}
