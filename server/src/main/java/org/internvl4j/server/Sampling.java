package org.internvl4j.server;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Generation;
import org.internvl4j.models.LogitBias;
import org.jspecify.annotations.Nullable;

/// How an answer is to be chosen, as the fields of OpenAI's interface say, or the options of
/// Ollama's. What is not said is as in the published examples: the likeliest token each time.
final class Sampling {
  private static final int MOST_STOPS = 16;
  private static final int MOST_BIASES = 1024;

  private Sampling() {}

  /// @param json the request
  static Generation of(Json json, Service service) {
    return common(json, 2, "repetition_penalty")
        .withMaxNewTokens(tokens(json, service.limits()))
        .withBias(bias(json, byToken(json, service.model().tokenizer().size())))
        .withLogprobs(logprobs(json));
  }

  /// @param options Ollama's; null if none are sent
  static Generation ofOllama(@Nullable Json options, Limits limits) {
    int tokens = Math.min(Generation.GREEDY.maxNewTokens(), limits.newTokens());
    if (options == null) {
      return Generation.GREEDY.withMaxNewTokens(tokens);
    }
    Json most = options.find("num_predict");
    if (most != null) {
      long wanted = Fields.cut(most); // below 1: until the answer ends by itself
      tokens = wanted < 1 ? limits.newTokens() : (int) Math.min(wanted, limits.newTokens());
    }
    return common(options, Float.MAX_VALUE, "repeat_penalty")
        .withMaxNewTokens(tokens)
        .withBias(bias(options, Map.of()));
  }

  /// What both interfaces have.
  ///
  /// @param hottest the highest temperature
  /// @param repetition what the penalty on it is called
  private static Generation common(Json json, double hottest, String repetition) {
    Json penalty = json.find(repetition);
    Json seed = json.find("seed");
    Json temperature = json.find("temperature");
    Json topP = json.find("top_p");
    Json topK = json.find("top_k");
    Generation options =
        Generation.GREEDY
            .withSeed(seed == null ? 0 : Fields.cut(seed))
            .withTemperature(temperature == null ? 0 : Fields.number(temperature, 0, hottest))
            .withTopK(topK == null ? 0 : Math.max(0, Fields.integer(topK, -1, Integer.MAX_VALUE)))
            .withRepetitionPenalty(penalty == null ? 1 : Fields.number(penalty, 0.01, 10))
            .withStop(stop(json));
    if (topP == null) {
      return options;
    }
    float p = Fields.number(topP, 0, 1);
    return p == 0 ? options.withTopK(1) : options.withTopP(p);
  }

  private static int tokens(Json json, Limits limits) {
    Json newer = json.find("max_completion_tokens");
    Json field = newer == null ? json.find("max_tokens") : newer;
    return field == null
        ? Math.min(Generation.GREEDY.maxNewTokens(), limits.newTokens())
        : Fields.integer(field, 1, limits.newTokens());
  }

  private static List<String> stop(Json json) {
    Json stop = json.find("stop");
    if (stop == null) {
      return List.of();
    }
    List<String> texts = Fields.texts(stop);
    if (texts.size() > MOST_STOPS || texts.contains("")) {
      throw Fields.wrong(stop, "at most " + MOST_STOPS + " texts, none of them empty");
    }
    return texts;
  }

  /// @param size how many tokens there are
  private static Map<Integer, Float> byToken(Json json, int size) {
    Json tokens = json.find("logit_bias");
    Map<Integer, Float> byToken = new HashMap<>();
    if (tokens != null) {
      if (tokens.fields().size() > MOST_BIASES) {
        throw Fields.wrong(tokens, "at most " + MOST_BIASES + " tokens");
      }
      tokens
          .fields()
          .forEach((id, value) -> {
            int token = token(tokens, id);
            if (token < 0 || token >= size) {
              throw Fields.wrong(value, "tokens of 0 to " + (size - 1) + " alone");
            }
            byToken.put(token, Fields.number(value, -100, 100));
          });
    }
    return byToken;
  }

  private static LogitBias bias(Json json, Map<Integer, Float> byToken) {
    Json presence = json.find("presence_penalty");
    Json frequency = json.find("frequency_penalty");
    return new LogitBias(
        presence == null ? 0 : Fields.number(presence, -2, 2),
        frequency == null ? 0 : Fields.number(frequency, -2, 2),
        byToken);
  }

  private static int token(Json tokens, String id) {
    try {
      return Integer.parseUnsignedInt(id);
    } catch (NumberFormatException e) {
      throw Fields.wrong(tokens, "token ids as names");
    }
  }

  /// `logprobs: true, top_logprobs: 5` of chats; `logprobs: 5` of completions.
  private static int logprobs(Json json) {
    Json logprobs = json.find("logprobs");
    if (logprobs instanceof Json.Num) {
      return Fields.integer(logprobs, 0, Generation.MOST_LOGPROBS);
    }
    Json top = json.find("top_logprobs");
    int most = top == null ? 0 : Fields.integer(top, 0, Generation.MOST_LOGPROBS);
    if (logprobs != null && logprobs.asBoolean()) {
      return most;
    }
    if (top != null && most > 0) {
      throw Fields.wrong(top, "none without logprobs: true");
    }
    return -1;
  }
}
