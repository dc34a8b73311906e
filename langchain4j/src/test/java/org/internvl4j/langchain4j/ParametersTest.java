package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.internvl4j.models.Generation;
import org.internvl4j.models.LogitBias;
import org.junit.jupiter.api.Test;

class ParametersTest {
  @Test
  void everyParameterArrives() {
    InternVlChatRequestParameters all =
        InternVlChatRequestParameters.builder()
            .temperature(0.5)
            .topP(0.9)
            .topK(40)
            .maxOutputTokens(7)
            .stopSequences(List.of("."))
            .seed(3L)
            .repetitionPenalty(1.1)
            .presencePenalty(0.25)
            .frequencyPenalty(0.5)
            .build();
    assertThat(Parameters.generation(all))
        .isEqualTo(
            Generation.GREEDY
                .withTemperature(0.5f)
                .withTopP(0.9f)
                .withTopK(40)
                .withMaxNewTokens(7)
                .withStop(List.of("."))
                .withSeed(3)
                .withRepetitionPenalty(1.1f)
                .withBias(new LogitBias(0.25f, 0.5f, Map.of())));
    assertThat(Parameters.generation(InternVlChatRequestParameters.builder().build()))
        .isEqualTo(Generation.GREEDY);
  }

  /// However parameters of ours and of others are laid over each other, none is lost.
  @Test
  void parametersOfARequestGoBeforeDefaults() {
    ChatRequestParameters defaults =
        InternVlChatRequestParameters.builder()
            .temperature(0.5)
            .topK(40)
            .seed(3L)
            .maxTiles(6)
            .client("a")
            .build();
    ChatRequestParameters plain = ChatRequestParameters.builder().topK(1).build();
    ChatRequestParameters ours =
        InternVlChatRequestParameters.builder().seed(4L).repetitionPenalty(1.2).build();
    InternVlChatRequestParameters.Builder base =
        InternVlChatRequestParameters.builder().temperature(0.5).maxTiles(6).client("a");
    ChatRequestParameters plainOver = base.topK(1).seed(3L).build();
    assertThat(defaults.overrideWith(plain)).isEqualTo(plainOver).hasSameHashCodeAs(plainOver);
    assertThat(plain.defaultedBy(defaults)).isEqualTo(plainOver);
    ChatRequestParameters oursOver = base.topK(40).seed(4L).repetitionPenalty(1.2).build();
    assertThat(defaults.overrideWith(ours)).isEqualTo(oursOver).isNotEqualTo(plainOver);
    assertThat(ours.defaultedBy(defaults)).isEqualTo(oursOver);
    assertThat(oursOver.toString()).contains("temperature=0.5", "seed=4", "maxTiles=6", "client=a");
  }

  @Test
  void refusesByNameWhatItDoesNotUnderstand() {
    Map<String, UnaryOperator<DefaultChatRequestParameters.Builder<?>>> refused =
        Map.of(
            "parameters: modelName other is not supported, this model is demo",
            p -> p.modelName("other"),
            "parameters: toolChoice (ToolChoice.AUTO) is not supported, the model calls no tools",
            p -> p.toolChoice(ToolChoice.AUTO),
            "parameters: tools are not supported, the model calls none",
            p -> p.toolSpecifications(ToolSpecification.builder().name("add").build()));
    refused.forEach((message, with) ->
        assertThatThrownBy(
                () -> Parameters.check(with.apply(ChatRequestParameters.builder()).build(), "demo"))
            .isExactlyInstanceOf(UnsupportedFeatureException.class)
            .hasMessage(message));
    Parameters.check(
        ChatRequestParameters.builder()
            .modelName("demo")
            .toolChoice(ToolChoice.NONE)
            .responseFormat(ResponseFormat.JSON)
            .frequencyPenalty(0.1)
            .build(),
        "demo");
  }
}
