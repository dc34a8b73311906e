package org.internvl4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.internvl4j.batch.Outcome;
import org.jspecify.annotations.Nullable;

/// The rows of a partition with their results, in order. Several are under way while one is waited
/// for; the model is opened for the first.
///
/// Spark may end the task on another thread than the one that reads.
final class Answers implements Iterator<Row> {
  private record Pending(Row row, CompletableFuture<Outcome> outcome) {}

  private final Iterator<Row> rows;
  private final Pictures pictures;
  private final Job job;
  private final Columns columns;
  private final Counters counters;
  private final int window;
  private final ConcurrentLinkedQueue<Pending> pending = new ConcurrentLinkedQueue<>();
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private int underWay; // as many as are pending
  private @Nullable Lease lease;

  /// @param window rows that may be under way
  Answers(Iterator<Row> rows, Pictures pictures, Job job, Counters counters, int window) {
    this.rows = rows;
    this.pictures = pictures;
    this.job = job;
    this.columns = new Columns(job.kind());
    this.counters = counters;
    this.window = window;
    CompletableFuture<Void> _ =
        end.thenRun(() -> pending.forEach(row -> row.outcome().cancel(true)));
  }

  /// Gives up what is under way when the task ends, however it does.
  Answers within(TaskContext task) {
    TaskCompletionListener ended = _ -> end.complete(null);
    task.addTaskCompletionListener(ended);
    return this;
  }

  @Override
  public boolean hasNext() {
    if (!pending.isEmpty() || rows.hasNext()) {
      return true;
    }
    end.complete(null);
    return false;
  }

  @Override
  public Row next() {
    while (underWay < window && rows.hasNext()) {
      begin(rows.next());
    }
    Pending first = pending.poll();
    if (first == null) {
      throw new NoSuchElementException("no more rows");
    }
    underWay--;
    Outcome outcome = lease().await(first.outcome());
    counters.count(outcome);
    List<@Nullable Object> values = new ArrayList<>();
    for (int i = 0; i < first.row().length(); i++) {
      values.add(first.row().get(i));
    }
    values.addAll(columns.values(outcome));
    return RowFactory.create(values.toArray());
  }

  private void begin(Row row) {
    CompletableFuture<Outcome> outcome = lease().begin(pictures.of(row));
    pending.add(new Pending(row, outcome));
    underWay++;
    if (end.isDone()) {
      outcome.cancel(true);
    }
  }

  private Lease lease() {
    if (lease == null) {
      Lease taken = Lease.of(job);
      CompletableFuture<Void> _ = end.thenRun(taken::close);
      lease = taken;
    }
    return lease;
  }
}
