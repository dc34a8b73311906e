package org.internvl4j.serving;

import java.time.Duration;
import org.internvl4j.models.Session;
import org.internvl4j.models.SessionOptions;

/// What an [Engine] may take. Immutable; start from [#DEFAULT].
///
/// @param session memory
/// @param together answers that grow at a time, 1 … [Session#MOST_TOGETHER]
/// @param queue requests that may wait for their turn, beside those that are answered, at least 1.
///   No client gets all places: each host may wait with as many requests as there are places left,
///   and each of its users with as many as are left to that host
/// @param reading how long the engine goes on reading prompts and pictures before answers that grow
///   get their next token. A token comes at most this, a piece of reading and a pass over the
///   weights after the one before
public record EngineOptions(SessionOptions session, int together, int queue, Duration reading) {
  public static final EngineOptions DEFAULT =
      new EngineOptions(SessionOptions.DEFAULT, Session.MOST_TOGETHER, 256, Duration.ofMillis(100));

  /// @throws IllegalArgumentException if a value is outside its range, naming it
  public EngineOptions {
    if (together < 1 || together > Session.MOST_TOGETHER) {
      throw new IllegalArgumentException(
          "engine: together is " + together + ", expected 1 to " + Session.MOST_TOGETHER);
    }
    if (queue < 1) {
      throw new IllegalArgumentException("engine: queue is " + queue + ", expected at least 1");
    }
    if (reading.isNegative()) {
      throw new IllegalArgumentException(
          "engine: reading is " + reading.toMillis() + " ms, expected none below 0");
    }
  }

  public EngineOptions withSession(SessionOptions session) {
    return new EngineOptions(session, together, queue, reading);
  }

  public EngineOptions withTogether(int together) {
    return new EngineOptions(session, together, queue, reading);
  }

  public EngineOptions withQueue(int queue) {
    return new EngineOptions(session, together, queue, reading);
  }

  public EngineOptions withReading(Duration reading) {
    return new EngineOptions(session, together, queue, reading);
  }
}
