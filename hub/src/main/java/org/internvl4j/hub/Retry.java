package org.internvl4j.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Tries again what failed, later each time; gives up after some failures on end.
final class Retry {
  /// What may fail for a while.
  interface Attempt<T> {
    T run() throws IOException, InterruptedException;
  }

  static final int ATTEMPTS = 6;
  private static final Duration LONGEST = Duration.ofMinutes(10); // that a server may ask for

  private final Duration first;
  private final PullListener listener;
  private int failures;

  Retry(Duration first, PullListener listener) {
    this.first = first;
    this.listener = listener;
  }

  <T> T call(Attempt<T> attempt) throws IOException, InterruptedException {
    while (true) {
      try {
        return attempt.run();
      } catch (TransientException e) {
        pauseAfter(e);
      }
    }
  }

  /// Something came of it: failures are counted anew.
  void progressed() {
    failures = 0;
  }

  /// @throws IOException if it has failed too often, or the server asks for too much patience
  void pauseAfter(TransientException e) throws IOException, InterruptedException {
    failures++;
    if (failures >= ATTEMPTS) {
      throw new IOException(e.getMessage() + "; given up after " + failures + " attempts", e);
    }
    Duration asked = e.asked();
    if (asked != null && asked.compareTo(LONGEST) > 0) {
      throw new IOException(e.getMessage() + ", and to come back in " + minutes(asked), e);
    }
    Duration pause = pause(asked);
    listener.retrying(String.valueOf(e.getMessage()), pause);
    Thread.sleep(pause);
  }

  private Duration pause(@Nullable Duration asked) {
    double spread = ThreadLocalRandom.current().nextDouble(0.75, 1.25); // not all at once
    Duration own = Duration.ofNanos((long) (first.toNanos() * spread * (1L << (failures - 1))));
    return asked != null && asked.compareTo(own) > 0 ? asked : own;
  }

  private static String minutes(Duration asked) {
    return asked.toMinutes() + " min";
  }
}
