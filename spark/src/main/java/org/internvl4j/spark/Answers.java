package org.internvl4j.spark;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.internvl4j.batch.Outcome;
import org.jspecify.annotations.Nullable;

/// The rows of a partition with their results, in order. Several are under way while one is waited
/// for.
final class Answers implements Iterator<Row> {
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private record Pending(Row row, CompletableFuture<Outcome> outcome) {}

  private final Iterator<Row> rows;
  private final Pictures pictures;
  private final Columns columns;
  private final Counters counters;
  private final Lease lease;
  private final int window;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private boolean closed;

  /// @param window rows that may be under way
  Answers(
      Iterator<Row> rows,
      Pictures pictures,
      Columns columns,
      Counters counters,
      Lease lease,
      int window) {
    this.rows = rows;
    this.pictures = pictures;
    this.columns = columns;
    this.counters = counters;
    this.lease = lease;
    this.window = window;
    TaskContext task = TaskContext.get();
    if (task != null) {
      TaskCompletionListener ended = _ -> close(); // however it ends
      task.addTaskCompletionListener(ended);
    }
  }

  @Override
  public boolean hasNext() {
    if (!pending.isEmpty() || rows.hasNext()) {
      return true;
    }
    close();
    return false;
  }

  @Override
  public Row next() {
    while (pending.size() < window && rows.hasNext()) {
      Row row = rows.next();
      pending.add(new Pending(row, begin(row)));
    }
    if (pending.isEmpty()) {
      throw new NoSuchElementException("no more rows");
    }
    Pending first = pending.remove();
    Outcome outcome = await(first.outcome());
    counters.count(outcome);
    List<@Nullable Object> values = new ArrayList<>();
    for (int i = 0; i < first.row().length(); i++) {
      values.add(first.row().get(i));
    }
    values.addAll(columns.values(outcome));
    return RowFactory.create(values.toArray());
  }

  private CompletableFuture<Outcome> begin(Row row) {
    try {
      CompletableFuture<Outcome> outcome = null;
      while (outcome == null) {
        requireRunning();
        outcome = lease.worker().submit(pictures.of(row), PATIENCE);
      }
      return outcome;
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private static Outcome await(CompletableFuture<Outcome> outcome) {
    try {
      return outcome.get();
    } catch (InterruptedException e) {
      throw interrupted();
    } catch (ExecutionException e) {
      throw new IllegalStateException("internvl: the model failed: " + e.getCause(), e.getCause());
    }
  }

  private static void requireRunning() {
    TaskContext task = TaskContext.get();
    if (task != null && task.isInterrupted()) {
      throw interrupted();
    }
  }

  private static TaskKilledException interrupted() {
    Thread.currentThread().interrupt();
    return new TaskKilledException("internvl: the task was ended");
  }

  private void close() {
    if (!closed) {
      closed = true;
      lease.close();
    }
  }
}
