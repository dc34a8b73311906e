package org.internvl4j.server;

import java.time.Duration;

/// How fast something comes: slow is what brings too little in one of the stretches of time that
/// follow each other, however fast it was before.
final class Pace {
  private final long stretch; // ns
  private final long least; // bytes of a stretch
  private long start;
  private long bytes; // since then
  private boolean hasBegun;

  /// @param slowest bytes a second
  Pace(Duration stretch, int slowest) {
    this.stretch = stretch.toNanos();
    this.least = stretch.toSeconds() * slowest;
  }

  /// Leaves out a time in which nothing could come.
  ///
  /// @param nanos how long it was
  void pause(long nanos) {
    start += nanos;
  }

  /// Whether it is, now that some more have come.
  ///
  /// @param now [System#nanoTime]
  boolean isSlow(int more, long now) {
    if (!hasBegun) {
      start = now;
      hasBegun = true;
    }
    bytes += more;
    if (now - start < stretch) {
      return false;
    }
    boolean slow = bytes < least;
    start = now;
    bytes = 0;
    return slow;
  }
}
