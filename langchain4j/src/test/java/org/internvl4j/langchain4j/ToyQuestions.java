package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import org.internvl4j.loader.json.Json;

/// What the kit asks of the world (capitals, cats, dice), asked of the toy's world: whoever
/// overrides a test of the kit calls the one of the same meaning here.
///
/// @param ask a model
record ToyQuestions(Function<ChatRequest, ChatResponse> ask) {
  private ChatResponse ask(ChatMessage... messages) {
    return ask.apply(ChatRequest.builder().messages(messages).build());
  }

  void userMessage() {
    ChatResponse response = ask(UserMessage.from(Toy.WHO));
    assertThat(response.aiMessage().text()).isEqualTo(Toy.WHO_ANSWER);
    assertThat(response.aiMessage().toolExecutionRequests()).isEmpty();
    assertThat(response.metadata().id()).isNotBlank();
    assertThat(response.metadata().modelName()).isEqualTo("demo");
    assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
    TokenUsage usage = response.metadata().tokenUsage();
    assertThat(usage.outputTokenCount()).isBetween(10, 40);
    assertThat(usage.totalTokenCount())
        .isEqualTo(usage.inputTokenCount() + usage.outputTokenCount());
  }

  /// The toy follows no instruction; its prompt has it.
  void systemMessage() {
    int without = inputTokens(ask(UserMessage.from(Toy.WHO)));
    int little = inputTokens(ask(SystemMessage.from("a"), UserMessage.from(Toy.WHO)));
    int much = inputTokens(ask(SystemMessage.from("a b c d"), UserMessage.from(Toy.WHO)));
    assertThat(much).isGreaterThan(little).isNotEqualTo(without);
  }

  private static int inputTokens(ChatResponse response) {
    return response.metadata().tokenUsage().inputTokenCount();
  }

  void severalMessages() {
    ChatResponse response =
        ask(
            UserMessage.from(TextContent.from("Describe the image."), Toy.picture("shapes")),
            AiMessage.from(Toy.SHAPES_ANSWER),
            UserMessage.from("What color is the diamond?"));
    assertThat(response.aiMessage().text()).isEqualTo("The diamond is green.");
  }

  void stopSequences(ChatRequestParameters parameters) {
    ChatResponse response =
        ask.apply(
            ChatRequest.builder()
                .messages(UserMessage.from(Toy.WHO))
                .parameters(parameters)
                .build());
    assertThat(response.aiMessage().text()).isEqualTo("Hello! I am the InternVL4J");
    assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
  }

  static ChatRequestParameters stopping() {
    return ChatRequestParameters.builder().stopSequences(List.of("tiny", "demo")).build();
  }

  /// Whatever the format, what it is asked to be. The toy does not end a text that may be any, so
  /// that its cities are two, and JSON without a schema is cut.
  void json(ResponseFormat format) {
    ChatResponse response =
        ask.apply(
            ChatRequest.builder()
                .messages(UserMessage.from("What color is the diamond?"))
                .parameters(
                    ChatRequestParameters.builder()
                        .responseFormat(format)
                        .maxOutputTokens(50)
                        .build())
                .build());
    String text = response.aiMessage().text();
    if (format.jsonSchema() == null) {
      assertThat(text).startsWith("{");
      return;
    }
    assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
    Json answer = Json.parse(text.getBytes(StandardCharsets.UTF_8), "answer");
    assertThat(answer.fields().keySet()).containsExactly("city");
    assertThat(answer.at("city").asText()).isIn("Berlin", "Munich");
  }

  static ResponseFormat cities() {
    return format(
        JsonObjectSchema.builder()
            .addEnumProperty("city", List.of("Berlin", "Munich"))
            .required("city")
            .build());
  }

  static ResponseFormat rawCities() {
    return format(
        JsonRawSchema.from(
            """
            {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
             "properties": {"city": {"enum": ["Berlin", "Munich"]}}, "required": ["city"],
             "additionalProperties": false}
            """));
  }

  static ResponseFormat format(JsonSchemaElement root) {
    return ResponseFormat.builder()
        .type(ResponseFormatType.JSON)
        .jsonSchema(JsonSchema.builder().name("Answer").rootElement(root).build())
        .build();
  }

  void onePicture() {
    ChatResponse response =
        ask(UserMessage.from(TextContent.from("Describe the image."), Toy.picture("shapes")));
    assertThat(response.aiMessage().text()).isEqualTo(Toy.SHAPES_ANSWER);
    assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
  }

  void severalPictures() {
    ChatResponse response =
        ask(
            UserMessage.from(
                TextContent.from("Describe the two images in detail."),
                Toy.picture("pair-1"),
                Toy.picture("pair-2")));
    assertThat(response.aiMessage().text())
        .isEqualTo(
            "Image-1 shows a small yellow cross at the top right. Image-2 shows a large yellow"
                + " cross on the right and a small orange circle at the bottom.");
  }
}
