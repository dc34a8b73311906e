package org.internvl4j.server;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Memory for what requests bring, all requests together: their bodies, their texts and pictures
/// while they are read, the tiles of those that wait. Who finds none waits a while for others to
/// end, in the order of coming, and is asked to come again after that.
final class Room {
  private static final int UNIT = 1 << 16; // bytes; what has fewer counts for nothing
  private static final int PATIENCE = 10; // seconds

  private final int units;
  private final Semaphore free;

  Room(long bytes) {
    this.units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    this.free = new Semaphore(units, true);
  }

  /// Bytes that nobody has.
  long free() {
    return (long) free.availablePermits() * UNIT;
  }

  /// What a request has of it, nothing at first.
  Share share() {
    return new Share();
  }

  /// What a request has of it. One thread.
  final class Share implements AutoCloseable {
    private long bytes;

    /// Takes some more.
    ///
    /// @throws ApiException if there is not as much in all, or others do not end for a while
    void take(long more) {
      hold(bytes + more);
    }

    /// Gives some back.
    void give(long less) {
      hold(bytes - less);
    }

    /// Has this much from now on.
    ///
    /// @throws ApiException if there is not as much in all, or others do not end for a while
    void hold(long wanted) {
      int more = units(wanted) - units(bytes);
      if (more > 0) {
        acquire(more, wanted);
      } else {
        free.release(-more);
      }
      bytes = wanted;
    }

    private static int units(long bytes) {
      return (int) Math.min(bytes / UNIT, Integer.MAX_VALUE);
    }

    private void acquire(int more, long wanted) {
      if (units(wanted) > units) {
        throw new ApiException(
            413,
            "too_large",
            "request: needs %,d MB of memory to be read, the server has %,d MB for all requests; send less at once, or smaller pictures"
                .formatted(wanted >> 20, ((long) units * UNIT) >> 20));
      }
      try {
        if (free.tryAcquire(more, PATIENCE, TimeUnit.SECONDS)) {
          return;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      throw ApiException.busy(503, "server: other requests take all memory; ask again later", 5);
    }

    @Override
    public void close() {
      hold(0);
    }
  }
}
