package org.internvl4j.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Long computations, such as to decode a picture, on a few threads of their own. The threads that
/// talk to clients are virtual: one of them that computes holds up all others.
///
/// What is done here never waits for anybody: who needs memory for it takes that before.
final class Desk implements AutoCloseable {
  static final int SEATS = Math.max(2, Runtime.getRuntime().availableProcessors() / 2);

  private final BlockingQueue<Runnable> waiting = new LinkedBlockingQueue<>();
  private final ExecutorService threads;

  Desk(String name) {
    threads =
        new ThreadPoolExecutor(
            SEATS,
            SEATS,
            0,
            TimeUnit.SECONDS,
            waiting,
            Thread.ofPlatform().daemon().name("internvl " + name + " ", 0).factory());
  }

  /// How much work waits for a seat, for tests.
  int waiting() {
    return waiting.size();
  }

  /// Looks whether the client is still there.
  interface Watch {
    /// @throws IOException if it has left
    void requireClient() throws IOException;
  }

  /// Waits for work that is soon done.
  ///
  /// @throws RuntimeException what `work` throws
  /// @throws ApiException if this thread is interrupted
  <T> T run(Callable<T> work) {
    return run(work, () -> {});
  }

  /// Waits for work that may take its time, as long as the client does.
  ///
  /// @param work ends early where its thread is interrupted
  /// @throws RuntimeException what `work` throws
  /// @throws UncheckedIOException if the client has left: the work is given up
  /// @throws ApiException if this thread is interrupted
  <T> T run(Callable<T> work, Watch client) {
    Future<T> result = threads.submit(work);
    try {
      return await(result, client);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiException.busy(503, "server: is ending", 30);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("desk: the work failed", e);
      }
    } finally {
      result.cancel(true);
    }
  }

  private static <T> T await(Future<T> result, Watch client)
      throws IOException, InterruptedException, ExecutionException {
    while (true) {
      try {
        return result.get(Replies.HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        client.requireClient();
      }
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
