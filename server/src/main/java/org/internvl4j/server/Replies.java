package org.internvl4j.server;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.internvl4j.models.Answer;
import org.internvl4j.serving.RefusedException;
import org.internvl4j.serving.RefusedException.Reason;
import org.internvl4j.serving.Reply;
import org.jspecify.annotations.Nullable;

/// Several replies as one stream of events; all are cancelled if it is not heard to the end.
final class Replies implements AutoCloseable {
  /// How long a client may be gone unnoticed.
  static final Duration HEARTBEAT = Duration.ofMillis(250);

  /// An event of one of them.
  ///
  /// @param index of the reply
  record Heard(int index, Reply.Event event) {}

  /// Hears events.
  interface Listener {
    void hear(int index, Reply.Event event) throws IOException;

    /// Nothing has happened for a while: time to find out whether the client is still there.
    void idle() throws IOException;
  }

  private final List<Reply> replies;
  private final LinkedBlockingQueue<Heard> heard = new LinkedBlockingQueue<>();

  Replies(List<Reply> replies) {
    this.replies = List.copyOf(replies);
    for (int i = 0; i < replies.size() && replies.size() > 1; i++) {
      int index = i;
      Thread.startVirtualThread(() -> pass(index));
    }
  }

  /// Bytes of memory that the pictures take until they are encoded.
  long pictureBytes() {
    return replies.getFirst().pictureBytes(); // which all share
  }

  private void pass(int index) {
    try {
      Reply.Event event;
      do {
        event = replies.get(index).next(Duration.ofDays(1));
        if (event != null) {
          heard.add(new Heard(index, event));
        }
      } while (!isEnd(event));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isEnd(Reply.@Nullable Event event) {
    return event instanceof Reply.Done || event instanceof Reply.Refused;
  }

  /// Hears all events up to the end of every reply.
  ///
  /// @throws RefusedException if one was refused, or cut off by the engine: who hears it has
  ///   cancelled none
  void hear(Listener listener) throws IOException, InterruptedException {
    long asked = System.nanoTime();
    for (int left = replies.size(); left > 0; ) {
      Heard next = next();
      if (next != null) {
        switch (next.event()) {
          case Reply.Refused(var why) -> throw why;
          case Reply.Done(Answer answer, _, _) when answer.finish() == Answer.Finish.CANCELLED ->
              throw new RefusedException(Reason.CLOSING, "engine: was closed before the end");
          default -> {}
        }
        listener.hear(next.index(), next.event());
        left -= isEnd(next.event()) ? 1 : 0;
      }
      if (System.nanoTime() - asked >= HEARTBEAT.toNanos()) {
        listener.idle();
        asked = System.nanoTime();
      }
    }
  }

  private @Nullable Heard next() throws InterruptedException {
    if (replies.size() > 1) {
      return heard.poll(HEARTBEAT.toNanos(), TimeUnit.NANOSECONDS);
    }
    Reply.Event event = replies.getFirst().next(HEARTBEAT);
    return event == null ? null : new Heard(0, event);
  }

  @Override
  public void close() {
    replies.forEach(Reply::cancel);
  }
}
