package org.internvl4j.server;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Long computations, such as to decode a picture, on a few threads of their own. The threads that
/// talk to clients are virtual: one of them that computes holds up all others.
final class Desk implements AutoCloseable {
  private static final int SEATS = Math.max(2, Runtime.getRuntime().availableProcessors() / 2);

  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          SEATS, Thread.ofPlatform().daemon().name("internvl desk ", 0).factory());

  /// Waits for it.
  ///
  /// @throws RuntimeException what `work` throws
  /// @throws ApiException if this thread is interrupted
  <T> T run(Callable<T> work) {
    Future<T> result = threads.submit(work);
    try {
      return result.get();
    } catch (InterruptedException e) {
      result.cancel(true);
      Thread.currentThread().interrupt();
      throw ApiException.busy(503, "server: is ending", 30);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("desk: the work failed", e);
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
