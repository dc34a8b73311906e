package org.internvl4j.models;

import java.util.List;
import org.internvl4j.models.constraint.Constraint;
import org.jspecify.annotations.Nullable;

/// How an answer is chosen and when it ends. Immutable; start from [#GREEDY] or [#SAMPLED].
///
/// @param maxNewTokens most tokens of one answer, at least 1
/// @param temperature 0 takes the likeliest token (greedy); above 0 draws, the higher the wilder
/// @param topK draw among the `topK` likeliest tokens only; 0 for all
/// @param topP draw among the fewest likeliest tokens whose probabilities reach `topP`; 1 for all
/// @param repetitionPenalty above 1 makes tokens of this answer less likely to come again (Keskar
///   et al. 2019)
/// @param seed two answers with the same seed, prompt and options are the same
/// @param stop texts that end the answer where they begin
/// @param lookup most tokens that are guessed from prompt and answer and checked in one pass
///   (Saxena 2023), 0 … 7; 0, the default, guesses none. The answer is the same; where it repeats
///   what was said or asked it comes faster. Not with `bias`, `logprobs` or `constraint`
/// @param bias what is added to logits
/// @param logprobs how many of the likeliest tokens [AnswerListener#token] hears of with each token
///   that is chosen, 0 … 20; −1, the default, to hear of none
/// @param constraint what the answer has to look like; null for anything
public record Generation(
    int maxNewTokens,
    float temperature,
    int topK,
    float topP,
    float repetitionPenalty,
    long seed,
    List<String> stop,
    int lookup,
    LogitBias bias,
    int logprobs,
    @Nullable Constraint constraint) {
  /// The most that [#lookup] may be.
  public static final int MOST_LOOKUP = Drafts.MOST;

  /// The most that [#logprobs] may be.
  public static final int MOST_LOGPROBS = 20;

  /// The likeliest token each time, up to 1,024: the published examples' setting.
  public static final Generation GREEDY =
      new Generation(1024, 0, 0, 1, 1, 0, List.of(), 0, LogitBias.NONE, -1, null);

  /// Draws with the settings of the published web demo: temperature 0.7, top-p 0.95, repetition
  /// penalty 1.1.
  public static final Generation SAMPLED =
      GREEDY.withTemperature(0.7f).withTopP(0.95f).withRepetitionPenalty(1.1f);

  /// @throws IllegalArgumentException if a value is outside its range, naming it
  public Generation {
    require(maxNewTokens >= 1, "maxNewTokens", maxNewTokens, "at least 1");
    require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "≥ 0");
    require(topK >= 0, "topK", topK, "≥ 0");
    require(topP > 0 && topP <= 1, "topP", topP, "above 0 and at most 1");
    require(
        repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
        "repetitionPenalty",
        repetitionPenalty,
        "above 0");
    stop = List.copyOf(stop);
    require(stop.stream().noneMatch(String::isEmpty), "stop", "\"\"", "a text");
    require(lookup >= 0 && lookup <= MOST_LOOKUP, "lookup", lookup, "0 to " + MOST_LOOKUP);
    require(
        logprobs >= -1 && logprobs <= MOST_LOGPROBS,
        "logprobs",
        logprobs,
        "-1 to " + MOST_LOGPROBS);
  }

  /// Whether logits are chosen from as they are.
  boolean isUnbiased() {
    return bias.isNone() && constraint == null;
  }

  /// Whether each token is the one with the highest logit.
  boolean takesLikeliest() {
    return temperature == 0 && repetitionPenalty == 1;
  }

  private static void require(boolean holds, String name, Object found, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "generation: " + name + " is " + found + ", expected " + expected);
    }
  }

  public Generation withMaxNewTokens(int maxNewTokens) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withTemperature(float temperature) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withTopK(int topK) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withTopP(float topP) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withRepetitionPenalty(float repetitionPenalty) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withSeed(long seed) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withStop(List<String> stop) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withLookup(int lookup) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withBias(LogitBias bias) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withLogprobs(int logprobs) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }

  public Generation withConstraint(@Nullable Constraint constraint) {
    return new Generation(
        maxNewTokens,
        temperature,
        topK,
        topP,
        repetitionPenalty,
        seed,
        stop,
        lookup,
        bias,
        logprobs,
        constraint);
  }
}
