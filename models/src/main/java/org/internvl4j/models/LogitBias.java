package org.internvl4j.models;

import java.util.Map;

/// What is added to the logits of tokens before one is chosen. Immutable; start from [#NONE].
///
/// @param presence taken from a token that the answer has said, however often
/// @param frequency taken from a token for each time that the answer has said it
/// @param tokens added to single tokens, by id; ids that the vocabulary has not are passed over
public record LogitBias(float presence, float frequency, Map<Integer, Float> tokens) {
  public static final LogitBias NONE = new LogitBias(0, 0, Map.of());

  /// @throws IllegalArgumentException if a number is not finite
  public LogitBias {
    tokens = Map.copyOf(tokens);
    if (!Float.isFinite(presence)
        || !Float.isFinite(frequency)
        || !tokens.values().stream().allMatch(Float::isFinite)) {
      throw new IllegalArgumentException(
          "generation: logit biases are %s, %s and %s, expected finite numbers"
              .formatted(presence, frequency, tokens));
    }
  }

  boolean isNone() {
    return presence == 0 && frequency == 0 && tokens.isEmpty();
  }
}
