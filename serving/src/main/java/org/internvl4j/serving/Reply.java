package org.internvl4j.serving;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.internvl4j.models.Answer;
import org.internvl4j.models.AnswerListener;
import org.internvl4j.models.TokenChoice;
import org.jspecify.annotations.Nullable;

/// What becomes of a [Request]: pieces of its answer as they come, then its end. The engine never
/// waits for whoever reads them.
///
/// One thread reads; any thread may [#cancel].
public final class Reply {
  /// What happens to a request, in order.
  public sealed interface Event {}

  /// A picture's tile was seen.
  ///
  /// @param done so far
  /// @param total of this request that had to be
  public record Seen(int done, int total) implements Event {}

  /// A part of the prompt was read.
  ///
  /// @param done tokens so far
  /// @param total tokens of this request that had to be
  public record Read(int done, int total) implements Event {}

  /// A piece of the answer, never half a character.
  public record Text(String piece) implements Event {}

  /// A token of the answer was chosen: before the text that it makes, if
  /// [org.internvl4j.models.Generation#logprobs] asks for it.
  public record Chosen(TokenChoice choice) implements Event {}

  /// The end.
  ///
  /// @param answer all of it; with [Answer.Finish#CANCELLED] what had come by then
  /// @param embedding what the text is about, if that was asked for and not cancelled; else empty
  /// @param times when what happened
  public record Done(Answer answer, float[] embedding, Times times) implements Event {}

  /// Another end: there is no answer.
  public record Refused(RefusedException why) implements Event {}

  /// How long things took.
  ///
  /// @param queued waiting for its turn
  /// @param firstToken from being asked to the first token; zero if there was none
  /// @param total from being asked to the end
  public record Times(Duration queued, Duration firstToken, Duration total) {}

  private final Runnable wake;
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private long pictureBytes; // before anybody else sees it
  private volatile boolean cancelled;
  private @Nullable Event end;

  /// @param wake tells the engine that something has changed
  Reply(Runnable wake) {
    this.wake = wake;
  }

  /// Bytes of its pictures' tiles, which stay in memory up to the end.
  public long pictureBytes() {
    return pictureBytes;
  }

  void holds(long bytes) {
    pictureBytes = bytes;
  }

  /// What the answer in the making says of itself becomes events.
  AnswerListener listener() {
    return new AnswerListener() {
      @Override
      public void text(String piece) {
        tell(new Text(piece));
      }

      @Override
      public void token(TokenChoice choice) {
        tell(new Chosen(choice));
      }

      @Override
      public void tileEncoded(int done, int total) {
        tell(new Seen(done, total));
      }

      @Override
      public void promptRead(int done, int total) {
        tell(new Read(done, total));
      }
    };
  }

  void tell(Event event) {
    events.add(event);
  }

  boolean isCancelled() {
    return cancelled;
  }

  /// Waits for the next event. After the end it is the end again.
  ///
  /// @return null if none comes in that time
  public @Nullable Event next(Duration patience) throws InterruptedException {
    Event known = end;
    if (known != null) {
      return known;
    }
    Event next = events.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
    if (next instanceof Done || next instanceof Refused) {
      end = next;
    }
    return next;
  }

  /// Waits for the end, passing over what is left before it.
  ///
  /// @throws RefusedException if there is no answer
  /// @throws InterruptedException if this thread is interrupted; the answer is not cancelled then
  public Done await() throws InterruptedException {
    while (true) {
      switch (Objects.requireNonNull(next(Duration.ofDays(1000)))) {
        case Done done -> {
          return done;
        }
        case Refused refused -> throw refused.why();
        case Seen _, Read _, Text _, Chosen _ -> {}
      }
    }
  }

  /// Ends the answer within one step of the engine: what has come by then is the answer. Does
  /// nothing after the end.
  public void cancel() {
    cancelled = true;
    wake.run();
  }
}
