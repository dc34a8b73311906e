package org.internvl4j.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// One answer on its way to a subscriber. The answer's virtual thread waits where nothing is asked
/// for; the engine does not.
final class EventSubscription implements Subscription, StreamingChatResponseHandler {
  private final Streaming streaming;
  private final Subscriber<? super ChatModelStreamingEvent> subscriber;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long demand; // by lock
  private boolean ended; // by lock

  EventSubscription(
      Chat chat, ChatRequest request, Subscriber<? super ChatModelStreamingEvent> subscriber) {
    this.streaming = new Streaming(chat, request, this);
    this.subscriber = subscriber;
  }

  void start() {
    subscriber.onSubscribe(this);
    if (!streaming.isCancelled()) {
      streaming.start();
    }
  }

  @Override
  public void request(long n) {
    if (n < 1 && end()) {
      streaming.cancel();
      subscriber.onError(
          new IllegalArgumentException("subscription: asks for " + n + ", expected at least 1"));
      return;
    }
    lock.lock();
    try {
      demand = n > Long.MAX_VALUE - demand ? Long.MAX_VALUE : demand + n;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel() {
    end();
    streaming.cancel();
  }

  /// @return whether this was the end; else it had ended already
  private boolean end() {
    lock.lock();
    try {
      boolean first = !ended;
      ended = true;
      changed.signalAll();
      return first;
    } finally {
      lock.unlock();
    }
  }

  /// @return whether an event may be sent; if not, it has ended
  private boolean awaitDemand() {
    lock.lock();
    try {
      while (demand == 0 && !ended) {
        changed.awaitUninterruptibly();
      }
      if (ended) {
        return false;
      }
      demand -= demand == Long.MAX_VALUE ? 0 : 1; // that much is without end
      return true;
    } finally {
      lock.unlock();
    }
  }

  // ---- what the answer says of itself

  private void send(ChatModelStreamingEvent event) {
    if (!awaitDemand()) {
      return;
    }
    try {
      subscriber.onNext(event);
    } catch (RuntimeException e) {
      cancel(); // as a subscriber that throws is to be treated
    }
  }

  @Override
  public void onPartialResponse(PartialResponse partial, PartialResponseContext context) {
    send(partial);
  }

  @Override
  public void onCompleteResponse(ChatResponse response) {
    send(new CompleteResponse(response));
    if (end()) {
      subscriber.onComplete();
    }
  }

  @Override
  public void onError(Throwable error) {
    if (end()) {
      subscriber.onError(error);
    }
  }
}
