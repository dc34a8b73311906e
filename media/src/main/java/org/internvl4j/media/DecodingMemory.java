package org.internvl4j.batch;

import java.util.concurrent.Semaphore;

/// Memory for pictures while they are decoded, those of all rows together. Who finds none waits for
/// others to end.
///
/// One row at a time takes, until it has all that it needs: the others, who have theirs, end
/// without any more, so that nobody waits for ever.
final class Room {
  private static final int UNIT = 1 << 16; // bytes

  private final int units;
  private final Semaphore free;
  private final Semaphore door = new Semaphore(1, true);

  Room(long bytes) {
    this.units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    this.free = new Semaphore(units);
  }

  /// Most of the heap; the rest is for what is made of pictures, and for the model.
  static Room ofHeap() {
    return new Room(Runtime.getRuntime().maxMemory() / 4 * 3);
  }

  /// Begins to take, as soon as nobody else does.
  Share enter() throws InterruptedException {
    door.acquire();
    return new Share();
  }

  /// What a row has. One thread.
  final class Share implements AutoCloseable {
    private int held;
    private boolean isInside = true;

    /// Takes some more.
    ///
    /// @throws TooLargeException if there is not as much in all
    void take(long bytes) throws InterruptedException {
      long more = Math.ceilDiv(bytes, (long) UNIT);
      if (held + more > units) {
        throw new TooLargeException(
            "row: needs %d MiB of memory to read its pictures, and there are %d MiB; shrink them, or give the heap more: INTERNVL_JAVA_OPTS=-Xmx8g"
                .formatted(mebibytes(held + more), mebibytes(units)));
      }
      free.acquire((int) more);
      held += (int) more;
    }

    private static long mebibytes(long units) {
      return Math.ceilDiv(units * UNIT, 1L << 20);
    }

    /// It has all that it needs: the next one's turn.
    void enough() {
      if (isInside) {
        isInside = false;
        door.release();
      }
    }

    @Override
    public void close() {
      free.release(held);
      held = 0;
      enough();
    }
  }
}
