package org.internvl4j.serving;

import java.time.Duration;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Answering;
import org.jspecify.annotations.Nullable;

/// A request on its way through the engine.
final class Job {
  private final Operation operation;
  private final Client client;
  private final @Nullable Duration deadline;
  private final Reply reply;
  private final Answering answering;
  private final long asked; // System.nanoTime()
  private long admitted;
  private long first; // token

  /// @param asked when
  Job(Request request, Reply reply, Answering answering, long asked) {
    this.operation = request.operation();
    this.client = request.client();
    this.deadline = request.deadline();
    this.reply = reply;
    this.answering = answering;
    this.asked = asked;
    reply.holds(answering.cutPictures());
  }

  Reply reply() {
    return reply;
  }

  Answering answering() {
    return answering;
  }

  Operation operation() {
    return operation;
  }

  Client client() {
    return client;
  }

  boolean isCancelled() {
    return reply.isCancelled();
  }

  boolean isLate() {
    return deadline != null && System.nanoTime() - asked > deadline.toNanos();
  }

  /// Whether it has been let in before.
  boolean isBegun() {
    return admitted != 0;
  }

  void admitted() {
    if (admitted == 0) {
      admitted = System.nanoTime();
    }
  }

  /// @return how long it took; null if this is not the first time
  @Nullable Duration firstToken() {
    if (first != 0) {
      return null;
    }
    first = System.nanoTime();
    return Duration.ofNanos(first - asked);
  }

  /// @return when what happened
  Reply.Times done(Answer answer) {
    long now = System.nanoTime();
    Reply.Times times =
        new Reply.Times(
            Duration.ofNanos((admitted == 0 ? now : admitted) - asked),
            Duration.ofNanos(first == 0 ? 0 : first - asked),
            Duration.ofNanos(now - asked));
    float[] embedding = answering.hasEmbedding() ? answering.embedding() : new float[0];
    reply.tell(new Reply.Done(answer, embedding, times));
    return times;
  }

  void refuse(RefusedException why) {
    reply.tell(new Reply.Refused(why));
  }
}
