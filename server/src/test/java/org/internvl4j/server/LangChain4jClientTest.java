package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.AuthenticationException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiChatRequestParameters;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiModelCatalog;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// LangChain4j's client of OpenAI, unchanged.
class LangChain4jClientTest {
  private static final String KEY = "open sesame";
  private static final String QUESTION = "What is it?";
  private static final int LONG = 2000; // tokens of an answer that is stopped

  private static Demo demo;
  private static String expected;

  @BeforeAll
  static void start() throws IOException {
    demo = new Demo(EngineOptions.DEFAULT, options -> options.withApiKey(KEY));
    expected =
        demo.model.ask(Question.of(QUESTION, demo.picture), Generation.GREEDY, piece -> {}).text();
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void listsModels() {
    OpenAiModelCatalog catalog =
        OpenAiModelCatalog.builder().baseUrl(address()).apiKey(KEY).build();
    assertThat(catalog.listModels())
        .singleElement()
        .satisfies(m -> assertThat(m.name()).isEqualTo("demo"));
  }

  @Test
  void chatsAboutAPicture() {
    ChatResponse response = chat(KEY).chat(question());
    assertThat(response.aiMessage().text()).isEqualTo(expected);
    assertThat(response.tokenUsage().outputTokenCount()).isPositive();
    UserMessage more = UserMessage.from("And now?");
    AiMessage next = chat(KEY).chat(question(), response.aiMessage(), more).aiMessage();
    assertThat(next.text()).isNotNull();
  }

  @Test
  void streams() {
    StringBuilder heard = new StringBuilder();
    assertThat(
            stream(heard, OpenAiChatRequestParameters.EMPTY, Integer.MAX_VALUE)
                .join()
                .aiMessage()
                .text())
        .isEqualTo(expected);
    assertThat(heard.toString()).isEqualTo(expected);
  }

  @Test
  void stopsInTheMidstOfAnAnswer() throws Exception {
    long before = demo.outputTokens("Authorization", "Bearer " + KEY);
    StringBuilder heard = new StringBuilder();
    OpenAiChatRequestParameters endless =
        OpenAiChatRequestParameters.builder()
            .maxCompletionTokens(LONG)
            .logitBias(Map.of(Integer.toString(demo.end()), -100))
            .build();
    CompletableFuture<ChatResponse> stopped = stream(heard, endless, 1);
    while (heard.isEmpty()) {
      Thread.sleep(10);
    }
    demo.settle();
    assertThat(stopped).isNotCompleted();
    long made = demo.outputTokens("Authorization", "Bearer " + KEY) - before;
    assertThat(made).isLessThan(LONG / 2);
  }

  @Test
  void getsJsonOfASchema() {
    JsonSchema schema =
        JsonSchema.builder()
            .name("seen")
            .rootElement(
                JsonObjectSchema.builder()
                    .addBooleanProperty("round")
                    .addEnumProperty("kind", List.of("circle", "square"))
                    .required("round", "kind")
                    .build())
            .build();
    ResponseFormat format =
        ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(schema).build();
    ChatRequest request = ChatRequest.builder().messages(question()).responseFormat(format).build();
    Json seen = Client.json(chat(KEY).chat(request).aiMessage().text());
    assertThat(seen.at("round")).isInstanceOf(Json.Bool.class);
    assertThat(seen.getText("kind")).isIn("circle", "square");
  }

  @Test
  void getsEmbeddings() {
    OpenAiEmbeddingModel model =
        OpenAiEmbeddingModel.builder().baseUrl(address()).apiKey(KEY).modelName("demo").build();
    List<Embedding> embeddings =
        model
            .embedAll(List.of(TextSegment.from("a red circle"), TextSegment.from("a blue square")))
            .content();
    assertThat(embeddings).hasSize(2);
    double square = 0;
    for (float x : embeddings.getFirst().vector()) {
      square += x * x;
    }
    assertThat(square).isCloseTo(1, within(1e-5));
  }

  @Test
  void tellsErrorsApart() {
    assertThatThrownBy(() -> chat("wrong").chat("Hello"))
        .isInstanceOf(AuthenticationException.class);
    ChatRequest hot = ChatRequest.builder().messages(question()).temperature(9.0).build();
    assertThatThrownBy(() -> chat(KEY).chat(hot))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("temperature");
  }

  // ---- asking

  private static String address() {
    return "http://127.0.0.1:" + demo.server.port() + "/v1";
  }

  private static OpenAiChatModel chat(String key) {
    return OpenAiChatModel.builder()
        .baseUrl(address())
        .apiKey(key)
        .modelName("demo")
        .maxRetries(0)
        .strictJsonSchema(true)
        .build();
  }

  private static UserMessage question() {
    return UserMessage.from(
        TextContent.from(QUESTION), ImageContent.from(demo.base64, "image/png"));
  }

  /// @param pieces after which it is stopped
  private static CompletableFuture<ChatResponse> stream(
      StringBuilder heard, OpenAiChatRequestParameters parameters, int pieces) {
    CompletableFuture<ChatResponse> done = new CompletableFuture<>();
    OpenAiStreamingChatModel.builder()
        .baseUrl(address())
        .apiKey(KEY)
        .modelName("demo")
        .build()
        .chat(
            ChatRequest.builder().messages(question()).parameters(parameters).build(),
            new StreamingChatResponseHandler() {
              private int count;

              @Override
              public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                heard.append(piece.text());
                if (++count >= pieces) {
                  context.streamingHandle().cancel();
                }
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                done.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                done.completeExceptionally(error);
              }
            });
    return done;
  }
}
