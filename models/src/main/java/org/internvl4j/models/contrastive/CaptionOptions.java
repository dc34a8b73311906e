package org.internvl4j.models.contrastive;

/// How a caption is looked for. Immutable; start from [#DEFAULT].
///
/// @param prompt what the caption follows
/// @param beams how many sequences are followed at a time; 1 takes the likeliest token each time
/// @param minNewTokens tokens before which no caption ends
/// @param maxNewTokens most tokens of a caption
/// @param lengthPenalty the power of a caption's length that its log-probability is divided by:
///   above 0 longer ones win more often
public record CaptionOptions(
    String prompt, int beams, int minNewTokens, int maxNewTokens, double lengthPenalty) {
  /// The published example: five beams, 8 to 30 tokens, in English.
  public static final CaptionOptions DEFAULT = new CaptionOptions("English caption:", 5, 8, 30, 1);

  private static final int MOST_BEAMS = 64;

  /// @throws IllegalArgumentException if a value is outside its range, naming it
  public CaptionOptions {
    require(beams >= 1 && beams <= MOST_BEAMS, "beams", beams, "1 to " + MOST_BEAMS);
    require(minNewTokens >= 0, "minNewTokens", minNewTokens, "at least 0");
    require(
        maxNewTokens >= Math.max(1, minNewTokens),
        "maxNewTokens",
        maxNewTokens,
        "at least " + Math.max(1, minNewTokens));
    require(Double.isFinite(lengthPenalty), "lengthPenalty", lengthPenalty, "a finite number");
  }

  public CaptionOptions withPrompt(String prompt) {
    return new CaptionOptions(prompt, beams, minNewTokens, maxNewTokens, lengthPenalty);
  }

  public CaptionOptions withBeams(int beams) {
    return new CaptionOptions(prompt, beams, minNewTokens, maxNewTokens, lengthPenalty);
  }

  /// @param min tokens before which no caption ends
  /// @param max most tokens of a caption
  public CaptionOptions withNewTokens(int min, int max) {
    return new CaptionOptions(prompt, beams, min, max, lengthPenalty);
  }

  public CaptionOptions withLengthPenalty(double lengthPenalty) {
    return new CaptionOptions(prompt, beams, minNewTokens, maxNewTokens, lengthPenalty);
  }

  private static void require(boolean holds, String name, Object found, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "caption: " + name + " is " + found + ", expected " + expected);
    }
  }
}
