package org.internvl4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.internvl4j.models.Answer;
import org.internvl4j.serving.Engine;
import org.internvl4j.serving.EngineListener;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.Operation;
import org.internvl4j.serving.Reply;
import org.junit.jupiter.api.Test;

class InternVlStreamingChatModelTest {
  /// What the engine says of a cancelled answer, and that the handler hears nothing more.
  @Test
  void cancellingEndsTheAnswerWhereItIs() throws Exception {
    CompletableFuture<Answer> ended = new CompletableFuture<>();
    try (Engine engine = new Engine(Toy.MODEL, EngineOptions.DEFAULT, endingIn(ended))) {
      Recording handler = new Recording();
      handler.cancelAt = 2;
      wild(engine).chat(Toy.WHO, handler);
      Answer answer = ended.get();
      assertThat(answer.finish()).isEqualTo(Answer.Finish.CANCELLED);
      assertThat(answer.usage().newTokens()).isLessThan(1000);
    }
  }

  @Test
  void cancellingAFutureCancelsItsAnswer() throws Exception {
    CompletableFuture<Answer> ended = new CompletableFuture<>();
    CompletableFuture<Void> begun = new CompletableFuture<>();
    EngineListener listener =
        new EngineListener() {
          @Override
          public void step(int answers, java.time.Duration time) {
            begun.complete(null);
          }

          @Override
          public void done(Operation operation, Answer answer, Reply.Times times) {
            ended.complete(answer);
          }
        };
    try (Engine engine = new Engine(Toy.MODEL, EngineOptions.DEFAULT, listener)) {
      CompletableFuture<ChatResponse> future =
          InternVlChatModel.builder()
              .engine(engine, "demo")
              .temperature(50.0)
              .build()
              .chatAsync(UserMessage.from(Toy.WHO));
      begun.get();
      future.cancel(true);
      assertThat(ended.get().finish()).isEqualTo(Answer.Finish.CANCELLED);
    }
  }

  @Test
  void aHandlerThatThrowsIsToldSoAndTheAnswerGoesOn() throws Exception {
    Recording handler = new Recording();
    handler.throwing = new IllegalStateException("something is wrong with the handler");
    Toy.streaming().build().chat(Toy.WHO, handler);
    assertThat(handler.await()).isEqualTo(Toy.WHO_ANSWER);
    Throwable last = null;
    for (int errors = 0; errors <= handler.pieces; errors++) { // one a piece, one for the end
      last = handler.errors.take();
      assertThat(last).isSameAs(handler.throwing);
    }
    assertThat(handler.errors).isEmpty();
  }

  @Test
  void whatIsWrongReachesTheHandler() throws Exception {
    Recording handler = new Recording();
    Toy.streaming().build().chat("Look well. ".repeat(5000), handler);
    assertThat(handler.errors.take())
        .isExactlyInstanceOf(InvalidRequestException.class)
        .hasMessageStartingWith("prompt: is ");
  }

  @Test
  void aSubscriberGetsWhatItAsksForAndNoMore() throws Exception {
    BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    Flow.Subscription subscription = subscribe(Toy.streaming().build(), heard);
    StringBuilder text = new StringBuilder();
    Object event = null;
    while (!(event instanceof CompleteResponse)) {
      assertThat(heard).isEmpty();
      subscription.request(1);
      event = heard.take();
      text.append(event instanceof PartialResponse piece ? piece.text() : "");
    }
    assertThat(text.toString()).isEqualTo(Toy.WHO_ANSWER);
    assertThat(heard.take()).isEqualTo("complete");
    subscription.request(0); // of no effect after the end
    assertThat(heard).isEmpty();
  }

  @Test
  void aSubscriberThatAsksForNothingIsRefused() throws Exception {
    BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    subscribe(Toy.streaming().build(), heard).request(0);
    assertThat(heard.take())
        .isInstanceOf(IllegalArgumentException.class)
        .asString()
        .contains("subscription: asks for 0, expected at least 1");
  }

  @Test
  void cancellingASubscriptionCancelsItsAnswer() throws Exception {
    CompletableFuture<Answer> ended = new CompletableFuture<>();
    try (Engine engine = new Engine(Toy.MODEL, EngineOptions.DEFAULT, endingIn(ended))) {
      BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
      Flow.Subscription subscription = subscribe(wild(engine), heard);
      subscription.request(1);
      heard.take();
      subscription.cancel();
      assertThat(ended.get().finish()).isEqualTo(Answer.Finish.CANCELLED);
      assertThat(heard).isEmpty();
    }
  }

  // ---- who listens

  private static InternVlStreamingChatModel wild(Engine engine) {
    return InternVlStreamingChatModel.builder().engine(engine, "demo").temperature(50.0).build();
  }

  private static EngineListener endingIn(CompletableFuture<Answer> ended) {
    return new EngineListener() {
      @Override
      public void done(Operation operation, Answer answer, Reply.Times times) {
        ended.complete(answer);
      }
    };
  }

  private static Flow.Subscription subscribe(
      InternVlStreamingChatModel model, BlockingQueue<Object> heard) {
    CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from(Toy.WHO)).build();
    model
        .chat(request)
        .subscribe(
            new Flow.Subscriber<ChatModelStreamingEvent>() {
              @Override
              public void onSubscribe(Flow.Subscription s) {
                subscription.complete(s);
              }

              @Override
              public void onNext(ChatModelStreamingEvent event) {
                heard.add(event);
              }

              @Override
              public void onError(Throwable error) {
                heard.add(error);
              }

              @Override
              public void onComplete() {
                heard.add("complete");
              }
            });
    return subscription.join();
  }

  private static final class Recording implements StreamingChatResponseHandler {
    private final CompletableFuture<String> text = new CompletableFuture<>();
    private final BlockingQueue<Throwable> errors = new LinkedBlockingQueue<>();
    private volatile RuntimeException throwing;
    private volatile int cancelAt = -1;
    private volatile int pieces;

    String await() throws Exception {
      return text.get();
    }

    @Override
    public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
      assertThat(context.streamingHandle().isCancelled()).isFalse();
      int heard = pieces + 1;
      pieces = heard;
      if (heard == cancelAt) {
        context.streamingHandle().cancel();
      }
      throwIt();
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      text.complete(response.aiMessage().text());
      throwIt();
    }

    private void throwIt() {
      if (throwing != null) {
        throw throwing;
      }
    }

    @Override
    public void onError(Throwable error) {
      errors.add(error);
      if (pieces == 1) {
        throwIt(); // is ignored, but for a line in the log
      }
    }
  }
}
