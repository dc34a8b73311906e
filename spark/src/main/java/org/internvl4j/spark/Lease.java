package org.internvl4j.spark;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.internvl4j.batch.Outcome;
import org.internvl4j.batch.Row;
import org.internvl4j.batch.Worker;

/// A share of this JVM's model, for one task of Spark's or one row of it.
///
/// Any thread may use it.
final class Lease implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private final Model model;
  private final Worker worker;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Lease(Model model, Worker worker) {
    this.model = model;
    this.worker = worker;
  }

  /// Opens the model if nobody has. The caller closes it.
  static Lease of(Job job) {
    Model model = Model.enter(job.options());
    try {
      return new Lease(model, model.worker(job));
    } catch (InterruptedException e) {
      model.leave();
      throw killed();
    } catch (RuntimeException | Error e) {
      model.leave();
      throw e;
    }
  }

  /// Begins with a row, as soon as not too many are under way.
  ///
  /// @throws TaskKilledException if Spark does not want the task any more
  CompletableFuture<Outcome> begin(Row row) {
    try {
      CompletableFuture<Outcome> outcome = null;
      while (outcome == null) {
        requireWanted();
        outcome = worker.submit(row, PATIENCE);
      }
      return outcome;
    } catch (InterruptedException e) {
      throw killed();
    } catch (RejectedExecutionException e) { // by one that has failed under another task
      throw failed(e);
    }
  }

  /// What became of a row.
  ///
  /// @throws TaskKilledException if Spark does not want the task any more
  Outcome await(CompletableFuture<Outcome> outcome) {
    while (true) {
      try {
        requireWanted();
        return outcome.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        // it is wanted still?
      } catch (InterruptedException | CancellationException e) {
        throw killed();
      } catch (ExecutionException e) {
        throw failed(e.getCause() == null ? e : e.getCause());
      }
    }
  }

  /// The next task that wants the model shall have a new one.
  private IllegalStateException failed(Throwable why) {
    model.retire();
    return new IllegalStateException("internvl: the model failed: " + why, why);
  }

  private static void requireWanted() {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted()) {
      throw killed();
    }
  }

  private static TaskKilledException killed() {
    Thread.currentThread().interrupt();
    return new TaskKilledException("internvl: the task was ended");
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      model.leave();
    }
  }
}
