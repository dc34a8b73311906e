package org.internvl4j.media;

import java.util.concurrent.Semaphore;

/// Memory for pictures while they are decoded, those of all who share it together. Who finds none
/// waits for others to end.
///
/// One at a time takes, until it has all that it needs: the others, who have theirs, end without
/// any more, so that nobody waits for ever.
///
/// Any thread may use it.
public final class DecodingMemory {
  private static final int UNIT = 1 << 16; // bytes
  private static final long MEBIBYTE = 1 << 20;

  private final int units;
  private final Semaphore free;
  private final Semaphore door = new Semaphore(1, true);

  /// @param bytes in all
  public DecodingMemory(long bytes) {
    this.units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
    this.free = new Semaphore(units);
  }

  /// Half of the heap; the rest is for what is made of pictures, and for the model.
  public static DecodingMemory ofHeap() {
    return new DecodingMemory(Runtime.getRuntime().maxMemory() / 2);
  }

  /// What takes memory bit by bit.
  @FunctionalInterface
  public interface Work<T> {
    T run(Share share) throws InterruptedException;
  }

  /// Runs work that begins to take, as soon as nobody else does; what it has is given back at its
  /// end. Should memory run out for all that, it runs once more, with all that there is: nobody
  /// fails because of the others.
  ///
  /// @param name what messages call it
  /// @throws PictureException if it takes more than there is
  /// @throws OutOfMemoryError if memory runs out a second time
  public <T> T with(String name, Work<T> work) throws InterruptedException {
    try (Share share = enter(name)) {
      return work.run(share);
    } catch (OutOfMemoryError e) {
      try (Share share = enter(name)) {
        share.takeAll();
        return work.run(share);
      }
    }
  }

  private Share enter(String name) throws InterruptedException {
    door.acquire();
    return new Share(name);
  }

  /// What somebody has. One thread.
  public final class Share implements AutoCloseable {
    private static final long FILE = 2; // bytes for each of a file: itself, and what is kept of it

    private final String name;
    private int held; // of what there is
    private int taken; // of what it may have
    private boolean isInside = true;
    private boolean isAlone;

    private Share(String name) {
      this.name = name;
    }

    /// Takes what a file of so many bytes needs while its header is read.
    ///
    /// @throws PictureException if there is not as much in all
    public void takeFile(long bytes) throws InterruptedException {
      take(FILE * bytes);
    }

    /// Takes some more, as soon as it is there.
    ///
    /// @throws PictureException if there is not as much in all
    public void take(long bytes) throws InterruptedException {
      long more = Math.ceilDiv(bytes, (long) UNIT);
      if (taken + more > units) {
        throw PictureException.aboveLimit(
            "%s: needs %d MiB of memory to be decoded, and there are %d MiB"
                .formatted(
                    name, Math.ceilDiv(bytes(taken + more), MEBIBYTE), bytes(units) / MEBIBYTE),
            "shrink it, or give the heap more: INTERNVL_JAVA_OPTS=-Xmx8g");
      }
      taken += (int) more;
      if (!isAlone) {
        free.acquire((int) more);
        held += (int) more;
      }
    }

    private static long bytes(long units) {
      return units * UNIT;
    }

    /// Takes all that there is, as soon as nobody else has any.
    private void takeAll() throws InterruptedException {
      free.acquire(units);
      held = units;
      isAlone = true;
    }

    /// It has all that it needs: the next one's turn.
    public void enough() {
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
