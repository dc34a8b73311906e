package org.internvl4j.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.Generation;
import org.internvl4j.models.LogitBias;
import org.jspecify.annotations.Nullable;

/// What a request's parameters say, as the engine wants to hear it: all that is understood in
/// [#generation], all that is not refused by name in [#check].
final class Parameters {
  private Parameters() {}

  /// How an answer is chosen. What the parameters leave open is as in [Generation#GREEDY].
  ///
  /// @throws IllegalArgumentException if a value is outside its range
  /// @throws UnsupportedFeatureException if answers cannot be held to the response format
  static Generation generation(InternVlChatRequestParameters p) {
    Generation g = Generation.GREEDY;
    return g.withMaxNewTokens(or(p.maxOutputTokens(), g.maxNewTokens()))
        .withTemperature(or(p.temperature(), g.temperature()))
        .withTopK(or(p.topK(), g.topK()))
        .withTopP(or(p.topP(), g.topP()))
        .withRepetitionPenalty(or(p.repetitionPenalty(), g.repetitionPenalty()))
        .withSeed(or(p.seed(), g.seed()))
        .withBias(bias(p))
        .withStop(or(p.stopSequences(), List.of()))
        .withConstraint(Schemas.constraint(p.responseFormat()));
  }

  private static LogitBias bias(InternVlChatRequestParameters p) {
    return new LogitBias(or(p.presencePenalty(), 0f), or(p.frequencyPenalty(), 0f), Map.of());
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private static long or(@Nullable Long value, long otherwise) {
    return value == null ? otherwise : value;
  }

  private static float or(@Nullable Double value, float otherwise) {
    return value == null ? otherwise : value.floatValue();
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }

  /// Refuses what is not understood, rather than ignore it.
  ///
  /// @param name of the model, the only one that may be asked for
  static void check(ChatRequestParameters p, String name) {
    refuse(
        p.modelName() != null && !p.modelName().equals(name),
        "modelName " + p.modelName() + " is not supported, this model is " + name);
    ToolChoice choice = p.toolChoice();
    refuse(
        choice != null && choice != ToolChoice.NONE,
        "toolChoice (ToolChoice." + choice + ") is not supported, the model calls no tools");
    List<?> tools = p.toolSpecifications();
    refuse(tools != null && !tools.isEmpty(), "tools are not supported, the model calls none");
  }

  private static void refuse(boolean is, String why) {
    if (is) {
      throw new UnsupportedFeatureException("parameters: " + why);
    }
  }
}
