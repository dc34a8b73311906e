package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.serving.Client;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.Reply;
import org.internvl4j.serving.Request;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;

class InternVlChatModelTest {
  @Test
  void requestsGoBeforeTheBuildersDefaults() {
    InternVlChatModel model = Toy.chat().maxTokens(3).temperature(50.0).seed(1L).build();
    assertThat(ask(model, ChatRequestParameters.builder().build()))
        .satisfies(r -> assertThat(r.tokenUsage().outputTokenCount()).isEqualTo(3))
        .satisfies(r -> assertThat(Toy.WHO_ANSWER).doesNotStartWith(r.aiMessage().text()));
    assertThat(
            ask(model, ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(99).build())
                .aiMessage()
                .text())
        .isEqualTo(Toy.WHO_ANSWER);
  }

  @Test
  void aSeedMakesAnAnswerComeAgain() {
    InternVlChatModel model = Toy.chat().maxTokens(20).temperature(5.0).build();
    String one = ask(model, seed(1)).aiMessage().text();
    assertThat(ask(model, seed(1)).aiMessage().text()).isEqualTo(one);
    assertThat(ask(model, seed(2)).aiMessage().text()).isNotEqualTo(one);
  }

  @Test
  void penaltiesChangeWhatComesAgain() {
    String plain = ask(Toy.chat().build(), seed(0)).aiMessage().text();
    for (InternVlModelBuilder<InternVlChatModel> builder :
        List.of(Toy.chat().frequencyPenalty(20.0), Toy.chat().presencePenalty(20.0))) {
      assertThat(ask(builder.maxTokens(40).build(), seed(0)).aiMessage().text())
          .isNotEqualTo(plain);
    }
  }

  /// In whose name a request waits; that turns are fair is the engine's matter.
  @Test
  void clientsHaveNames() {
    InternVlChatRequestParameters a = InternVlChatRequestParameters.builder().client("a").build();
    Chat chat =
        new Chat(
            new OpenEngine(Toy.ENGINE, "demo", false, null),
            a,
            new PictureReader(PictureOptions.DEFAULT, null),
            null,
            List.of());
    UserMessage question = UserMessage.from(Toy.WHO);
    ChatRequest named = ChatRequest.builder().messages(question).parameters(a).build();
    assertThat(chat.request(named).client()).isEqualTo(Client.of("a"));
    ChatRequest nobodys = ChatRequest.builder().messages(question).build();
    assertThat(chat.request(nobodys).client()).isEqualTo(Client.NOBODY);
    assertThat(Toy.chat().client("a").build().defaultRequestParameters())
        .isInstanceOfSatisfying(
            InternVlChatRequestParameters.class, p -> assertThat(p.client()).isEqualTo("a"));
  }

  @Test
  void tilesAreWhatAPictureCosts() {
    InternVlChatModel model = Toy.chat().maxTokens(1).maxTiles(1).build();
    UserMessage large =
        UserMessage.from(TextContent.from("Describe the image."), Toy.picture("large"));
    int one = model.chat(large).tokenUsage().inputTokenCount();
    ChatRequest four =
        ChatRequest.builder()
            .messages(large)
            .parameters(InternVlChatRequestParameters.builder().maxTiles(4).build())
            .build();
    assertThat(model.chat(four).tokenUsage().inputTokenCount())
        .isEqualTo(one + 4 * Toy.MODEL.config().tokensPerTile());
  }

  @Test
  void whatIsWrongWithARequestIsNotAskedAgain() {
    InternVlChatModel model = Toy.chat().build();
    assertThatThrownBy(() -> ask(model, ChatRequestParameters.builder().topP(2.0).build()))
        .isExactlyInstanceOf(InvalidRequestException.class)
        .hasMessage("generation: topP is 2.0, expected above 0 and at most 1");
    assertThatThrownBy(() -> model.chat("Look well. ".repeat(5000)))
        .isExactlyInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("prompt: is ");
    assertThatThrownBy(() ->
            model.chat(
                UserMessage.from(TextContent.from("<image> <image>"), Toy.picture("shapes"))))
        .isExactlyInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("question: has 2 marks");
  }

  @Test
  void aFullQueueATimeoutAndAnEndAreToldApart() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    EngineListener holding =
        new EngineListener() {
          @Override
          public void firstToken(Operation operation, Duration since) {
            reached.countDown();
            try {
              go.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
        };
    EngineOptions narrow = EngineOptions.DEFAULT.withTogether(1).withQueue(1);
    Engine engine = new Engine(Toy.MODEL, narrow, holding);
    InternVlChatModel model = InternVlChatModel.builder().engine(engine, "demo").build();
    CompletableFuture<String> first = model.chatAsync(Toy.WHO);
    reached.await();
    Request waiting = Request.of(Dialogue.of(Question.of("Hi")), Generation.GREEDY);
    Reply second = engine.submit(waiting);
    assertThatThrownBy(() -> model.chat(Toy.WHO))
        .isExactlyInstanceOf(RateLimitException.class)
        .hasMessage("engine: 1 requests wait already; ask again later");
    go.countDown();
    assertThat(first.get()).isEqualTo(Toy.WHO_ANSWER);
    second.await();
    InternVlChatModel hasty =
        InternVlChatModel.builder().engine(engine, "demo").timeout(Duration.ofNanos(1)).build();
    assertThatThrownBy(() -> hasty.chat(Toy.WHO))
        .isExactlyInstanceOf(TimeoutException.class)
        .hasMessage("engine: the deadline has passed");
    engine.close();
    assertThatThrownBy(() -> model.chat(Toy.WHO))
        .isExactlyInstanceOf(NonRetriableException.class)
        .hasMessage("engine: is closing");
  }

  @Test
  void anInterruptCancelsTheAnswer() {
    InternVlChatModel model = Toy.chat().temperature(50.0).build();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> model.chat(Toy.WHO))
        .isExactlyInstanceOf(LangChain4jException.class)
        .hasMessage("chat: was interrupted, the answer is cancelled");
    assertThat(Thread.interrupted()).isTrue();
  }

  // ---- who opens closes

  @Test
  void closesWhatItOpenedAndNothingElse() {
    InternVlChatModel overEngine = Toy.chat().build();
    overEngine.close();
    assertThat(Toy.chat().build().chat(Toy.WHO)).isEqualTo(Toy.WHO_ANSWER);

    InternVlChatModel overModel = InternVlChatModel.builder().model(Toy.MODEL).build();
    assertThat(overModel.chat(Toy.WHO)).isEqualTo(Toy.WHO_ANSWER);
    overModel.close();
    assertThatThrownBy(() -> overModel.chat(Toy.WHO)).hasMessage("engine: is closing");
    assertThat(Toy.chat().build().chat(Toy.WHO)).isEqualTo(Toy.WHO_ANSWER);

    InternVlChatModel overFolder =
        InternVlChatModel.builder()
            .modelFolder(Fixtures.folder("internvl2-1b"))
            .openOptions(OpenOptions.DEFAULT.withDevice("cpu").withoutCache())
            .maxTokens(2)
            .build();
    assertThat(overFolder.chat(UserMessage.from("Hi")).modelName()).isEqualTo("internvl2-1b");
    overFolder.close();
    assertThatThrownBy(() -> overFolder.chat("Hi")).hasMessage("engine: is closing");
  }

  @Test
  void needsOneModelAndDefaultsThatItUnderstands() {
    assertThatThrownBy(() -> InternVlChatModel.builder().build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "builder: has 0 of modelFolder, model and engine, expected exactly one to say which"
                + " model answers");
    assertThatThrownBy(() -> Toy.chat().model(Toy.MODEL).build())
        .hasMessageStartingWith("builder: has 2 of");
    assertThatThrownBy(() -> Toy.chat().temperature(-1.0).build())
        .isExactlyInstanceOf(IllegalArgumentException.class)
        .hasMessage("generation: temperature is -1.0, expected ≥ 0");
    ChatRequestParameters tool =
        ChatRequestParameters.builder().toolChoice(ToolChoice.REQUIRED).build();
    assertThatThrownBy(() -> Toy.chat().defaultRequestParameters(tool).build())
        .isExactlyInstanceOf(UnsupportedFeatureException.class);
  }

  private static ChatRequestParameters seed(long seed) {
    return InternVlChatRequestParameters.builder().seed(seed).build();
  }

  private static ChatResponse ask(InternVlChatModel model, ChatRequestParameters parameters) {
    return model.chat(
        ChatRequest.builder().messages(UserMessage.from(Toy.WHO)).parameters(parameters).build());
  }
}
