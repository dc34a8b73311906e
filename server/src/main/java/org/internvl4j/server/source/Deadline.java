package org.internvl4j.server.source;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;

/// When a fetch has to be over. A timeout of reads would start anew with every byte; here a thread
/// of its own closes the connection, whatever is waited for on it.
final class Deadline {
  private final Duration time;
  private final long start = System.nanoTime();

  Deadline(Duration time) {
    this.time = time;
  }

  Duration left() {
    return time.minusNanos(System.nanoTime() - start);
  }

  boolean isOver() {
    return !left().isPositive();
  }

  /// What is left, at most `most`, in milliseconds from 1 on.
  int millis(Duration most) {
    Duration left = left();
    long millis = (left.compareTo(most) < 0 ? left : most).toMillis();
    return Math.clamp(millis, 1, Integer.MAX_VALUE);
  }

  /// Closes the connection when the time is over, unless the thread is interrupted before.
  Thread guard(Socket socket) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            while (!isOver()) {
              Thread.sleep(left());
            }
            socket.close();
          } catch (InterruptedException | IOException e) {
            // it ended in time, or is closed already
          }
        });
  }

  /// As messages say it: `10 s`.
  @Override
  public String toString() {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }
}
