package org.internvl4j.server;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Long computations, such as to decode a picture, on a few threads of their own. The threads that
/// talk to clients are virtual: one of them that computes holds up all others. Work that waits for
/// a seat gets it by turns, one of each client's address after the other.
///
/// What is done here never waits for anybody, but at [#ofFiles]: who needs memory for it takes that
/// before.
final class Desk implements AutoCloseable {
  static final int SEATS = Math.max(2, Runtime.getRuntime().availableProcessors() / 2);

  private final LinkedHashMap<String, Deque<Task<?>>> waiting = new LinkedHashMap<>(); // by host
  private final ExecutorService threads; // which are told of each task that there is one more

  Desk(String name) {
    this(name, SEATS);
  }

  /// As [#Desk(String)], for tests.
  Desk(String name, int seats) {
    threads =
        Executors.newFixedThreadPool(
            seats, Thread.ofPlatform().daemon().name("internvl " + name + " ", 0).factory());
  }

  /// For work that other processes do, one a seat: there are two, however many cores there are. Who
  /// sits there may wait for memory, and so hold up those alone who want to sit there, too.
  static Desk ofFiles() {
    return new Desk("files", 2);
  }

  /// Whom work is done for.
  interface Watch {
    /// @throws IOException if the client has left
    void requireClient() throws IOException;

    /// Its address, for turns.
    default String host() {
      return "";
    }
  }

  /// Work, and how it goes.
  private static final class Task<T> implements Runnable {
    private final FutureTask<T> result;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable T made;

    Task(Callable<T> work) {
      result =
          new FutureTask<>(() -> {
            T value = work.call();
            made = value;
            return value;
          });
    }

    @Override
    public void run() {
      try {
        result.run();
      } finally {
        ended.countDown();
      }
    }

    void awaitEnd() {
      boolean interrupted = false;
      while (true) {
        try {
          ended.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    /// Closes what was made for nobody.
    void drop() {
      if (made instanceof AutoCloseable open) {
        try {
          open.close();
        } catch (Exception e) {
          throw new IllegalStateException("desk: what was made for nobody cannot be closed", e);
        }
      }
    }
  }

  // ---- those who wait for work

  /// Waits for work that is soon done, and for nobody in particular.
  ///
  /// @throws RuntimeException what `work` throws
  /// @throws ApiException if this thread is interrupted, or the server ends
  <T> T run(Callable<T> work) {
    return run(work, () -> {});
  }

  /// Waits for work that may take its time, as long as the client does. Whatever happens, the work
  /// has ended when this does: what it used is nobody's any more.
  ///
  /// @param work ends early where its thread is interrupted; what it returns is closed if nobody is
  ///   there to take it and it is [AutoCloseable]
  /// @throws RuntimeException what `work` throws
  /// @throws ClientLeftException if the client has left: the work is given up
  /// @throws ApiException if this thread is interrupted, or the server ends
  <T> T run(Callable<T> work, Watch client) {
    Task<T> task = new Task<>(work);
    try {
      add(client.host(), task);
      return await(task.result, client);
    } catch (InterruptedException e) {
      giveUp(task);
      Thread.currentThread().interrupt();
      throw ending();
    } catch (IOException e) {
      giveUp(task);
      throw new ClientLeftException(e);
    } catch (CancellationException | RejectedExecutionException e) {
      throw ending();
    } catch (ExecutionException e) {
      if (threads.isShutdown()) { // which has interrupted it
        throw ending();
      }
      switch (e.getCause()) {
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException("desk: the work failed", e);
      }
    }
  }

  private static <T> T await(FutureTask<T> result, Watch client)
      throws IOException, InterruptedException, ExecutionException {
    while (true) {
      try {
        return result.get(Replies.HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        client.requireClient();
      }
    }
  }

  private void giveUp(Task<?> task) {
    task.result.cancel(true);
    if (!withdraw(task)) {
      task.awaitEnd();
      task.drop();
    }
  }

  private static ApiException ending() {
    return ApiException.busy(503, "server: is ending", 30);
  }

  // ---- turns

  private void add(String host, Task<?> task) {
    synchronized (waiting) {
      waiting.computeIfAbsent(host, _ -> new ArrayDeque<>()).addLast(task);
    }
    threads.execute(this::turn);
  }

  /// @return false if it has left the queue already
  private boolean withdraw(Task<?> task) {
    synchronized (waiting) {
      boolean waited = waiting.values().stream().anyMatch(tasks -> tasks.remove(task));
      waiting.values().removeIf(Deque::isEmpty);
      return waited;
    }
  }

  private void turn() {
    Task<?> task = next();
    if (task != null) {
      task.run();
    }
  }

  /// @return null if all that waited was withdrawn
  private @Nullable Task<?> next() {
    synchronized (waiting) {
      Map.Entry<String, Deque<Task<?>>> first = waiting.pollFirstEntry();
      if (first == null) {
        return null;
      }
      Task<?> task = first.getValue().removeFirst();
      if (!first.getValue().isEmpty()) {
        waiting.putLast(first.getKey(), first.getValue());
      }
      return task;
    }
  }

  /// How much work waits for a seat, for tests.
  int waiting() {
    synchronized (waiting) {
      return waiting.values().stream().mapToInt(Deque::size).sum();
    }
  }

  /// Whether all work has ended, or does soon, once this is closed.
  boolean awaitEnd(Duration patience) {
    try {
      return threads.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Interrupts what is being done, without waiting for it, and does nothing else any more.
  @Override
  public void close() {
    threads.shutdownNow();
    synchronized (waiting) {
      waiting.values().forEach(tasks -> tasks.forEach(task -> task.result.cancel(false)));
      waiting.clear();
    }
  }
}
