package org.internvl4j.serving;

import java.time.Duration;
import org.internvl4j.models.Answer;
import org.internvl4j.models.AnswerListener;
import org.internvl4j.models.Answering;
import org.internvl4j.models.Session;
import org.internvl4j.models.TokenChoice;
import org.jspecify.annotations.Nullable;

/// A request on its way through the engine.
final class Job implements AnswerListener {
  private final Request request;
  private final Reply reply;
  private final Answering answering;
  private final long asked; // System.nanoTime()
  private long admitted;
  private long first; // token

  Job(Session session, Request request, Reply reply, long asked) {
    this.request = request;
    this.reply = reply;
    this.asked = asked;
    this.answering =
        request.embeds()
            ? session.prepareEmbedding(request.dialogue().question(), this)
            : session.prepare(request.dialogue(), request.options(), this);
  }

  Answering answering() {
    return answering;
  }

  String client() {
    return request.client();
  }

  boolean isCancelled() {
    return reply.isCancelled();
  }

  boolean isLate() {
    Duration deadline = request.deadline();
    return deadline != null && System.nanoTime() - asked > deadline.toNanos();
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

  // ---- what its answer says of itself

  @Override
  public void text(String piece) {
    reply.tell(new Reply.Text(piece));
  }

  @Override
  public void token(TokenChoice choice) {
    reply.tell(new Reply.Chosen(choice));
  }

  @Override
  public void tileEncoded(int done, int total) {
    reply.tell(new Reply.Seen(done, total));
  }

  @Override
  public void promptRead(int done, int total) {
    reply.tell(new Reply.Read(done, total));
  }
}
