package org.internvl4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.time.Duration;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// One answer on its way to a handler, on a virtual thread of its own. What the handler throws it
/// is told as an error, and the answer goes on.
final class Streaming implements StreamingHandle {
  private static final System.Logger LOG = System.getLogger(Streaming.class.getName());

  private final Chat chat;
  private final ChatRequest request;
  private final StreamingChatResponseHandler handler;
  private final PartialResponseContext context = new PartialResponseContext(this);
  private volatile boolean cancelled;
  private volatile @Nullable Reply reply;

  Streaming(Chat chat, ChatRequest request, StreamingChatResponseHandler handler) {
    this.chat = chat;
    this.request = request;
    this.handler = handler;
  }

  void start() {
    Thread.ofVirtual().name("internvl answer").start(this::run);
  }

  @Override
  public void cancel() {
    cancelled = true;
    Reply known = reply;
    if (known != null) {
      known.cancel();
    }
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  private void run() {
    try {
      Reply asked = chat.submit(request);
      reply = asked;
      if (cancelled) {
        asked.cancel();
      }
      while (!cancelled && !tell(asked.next(Duration.ofDays(1)))) {}
    } catch (InterruptedException e) {
      cancel(); // by nobody
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  /// @param event null if there is none yet
  /// @return whether that was the end
  private boolean tell(Reply.@Nullable Event event) {
    if (cancelled) {
      return true;
    }
    return switch (event) {
      case null -> false;
      case Reply.Seen _, Reply.Read _, Reply.Chosen _ -> false;
      case Reply.Text(String piece) -> {
        if (!piece.isEmpty()) {
          call(() -> handler.onPartialResponse(new PartialResponse(piece), context));
        }
        yield false;
      }
      case Reply.Done done -> {
        call(() -> handler.onCompleteResponse(chat.response(done.answer())));
        yield true;
      }
      case Reply.Refused refused -> {
        fail(Failures.of(refused.why()));
        yield true;
      }
    };
  }

  private void call(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void fail(Throwable error) {
    if (cancelled) {
      return;
    }
    try {
      handler.onError(error);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "a handler's onError failed and was ignored", e);
    }
  }
}
