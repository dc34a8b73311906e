package org.internvl4j.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.Reply;

/// An InternVL of this process as LangChain4j's chat model: text and pictures in, text out.
///
/// Any thread may call it, many at a time: answers grow together. The application closes it, which
/// closes what it has opened itself ([InternVlModelBuilder]) and nothing else.
public final class InternVlChatModel implements ChatModel, AutoCloseable {
  private final Chat chat;

  InternVlChatModel(Chat chat) {
    this.chat = chat;
  }

  public static InternVlModelBuilder<InternVlChatModel> builder() {
    return new InternVlModelBuilder<>(InternVlChatModel::new);
  }

  /// Waits for the answer; where this thread is interrupted meanwhile, the answer is cancelled.
  @Override
  public ChatResponse doChat(ChatRequest request) {
    chat.check(request);
    Reply reply = chat.submit(request);
    try {
      return chat.response(reply.await().answer());
    } catch (InterruptedException e) {
      reply.cancel();
      Thread.currentThread().interrupt();
      throw new LangChain4jException("chat: was interrupted, the answer is cancelled", e);
    } catch (RefusedException e) {
      throw Failures.of(e);
    }
  }

  /// Waits on a virtual thread; cancelling the future cancels the answer.
  @Override
  public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
    chat.check(request);
    CompletableFuture<ChatResponse> future = new CompletableFuture<>();
    Streaming streaming =
        new Streaming(
            chat,
            request,
            new StreamingChatResponseHandler() {
              @Override
              public void onCompleteResponse(ChatResponse response) {
                future.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                future.completeExceptionally(error);
              }
            });
    var _ =
        future.whenComplete((_, _) -> {
          if (future.isCancelled()) {
            streaming.cancel();
          }
        });
    streaming.start();
    return future;
  }

  /// Answers can be held to a JSON Schema: the high-level AI services send theirs then.
  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return chat.defaults();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return chat.listeners();
  }

  @Override
  public void close() {
    chat.source().close();
  }
}
