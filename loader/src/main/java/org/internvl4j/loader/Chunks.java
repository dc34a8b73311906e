package org.internvl4j.loader;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Large stretches of bytes in pieces, which several threads take turns at.
public final class Chunks {
  /// The largest piece; part of the format of [PackedFile], which has a checksum for each.
  static final int BYTES = 4 << 20;

  private Chunks() {}

  /// What is done with a piece.
  @FunctionalInterface
  public interface Job {
    void run(int index) throws IOException;
  }

  /// How many pieces `bytes` are.
  static int count(long bytes) {
    return Math.toIntExact((bytes + BYTES - 1) / BYTES);
  }

  /// One of the pieces.
  static MemorySegment slice(MemorySegment bytes, int index) {
    long at = (long) index * BYTES;
    return bytes.asSlice(at, Math.min(BYTES, bytes.byteSize() - at));
  }

  /// The CRC-32C of at most 2 GiB.
  static int crc(MemorySegment bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.asByteBuffer());
    return (int) crc.getValue();
  }

  /// Does `job` for `0 … n - 1`, on this thread and `threads - 1` others, and waits for all.
  ///
  /// @throws IOException the first that a job threw; the rest of the pieces are left out then
  public static void each(int n, int threads, Job job) throws IOException {
    AtomicInteger next = new AtomicInteger();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Runnable work =
        () -> {
          try {
            for (int i = next.getAndIncrement(); i < n; i = next.getAndIncrement()) {
              job.run(i);
            }
          } catch (Throwable e) {
            next.set(n);
            failure.compareAndSet(null, e);
          }
        };
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < Math.min(threads, n); i++) {
      others.add(Thread.ofPlatform().daemon().name("internvl4j-load-" + i).start(work));
    }
    work.run();
    others.forEach(Chunks::await);
    rethrow(failure.get());
  }

  /// Waits for a thread to end, whoever interrupts this one.
  static void await(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void rethrow(@Nullable Throwable failure) throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(failure);
    }
  }
}
