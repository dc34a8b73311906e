package org.internvl4j.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// A task for all rows of an input: one row of output each, in the same order.
///
/// It may be interrupted at any moment, by a signal or by a full disk, say. The same call goes on
/// where it was, and the file is the same in the end as if nothing had happened. Until it is
/// complete, rows lie in `OUTPUT.part`; `OUTPUT.manifest.json` says what they are made with, and
/// stays.
///
/// One thread runs it; any may [#stop] it.
public final class Batch {
  /// Rows that wait to be written, so that a slow one does not keep the others from beginning.
  private static final int WINDOW = 64;

  /// Most bytes of memory that rows may keep which wait.
  private static final long MOST_KEPT = Runtime.getRuntime().maxMemory() / 8;

  private static final int SEGMENT_ROWS = 64;
  private static final int SEGMENT_CHARS = 1 << 20;
  private static final long SEGMENT_NANOS = 1_000_000_000;
  private static final Duration PATIENCE = Duration.ofMillis(50);

  /// How a batch is told of. Called on the thread that runs it.
  public interface Listener {
    /// Ignores everything.
    Listener NONE = new Listener() {};

    /// It goes on behind rows that are there.
    default void found(long rows) {}

    /// A row is done.
    ///
    /// @param done rows so far, those that were found included
    /// @param size of the input; −1 if it is not known
    default void done(Outcome outcome, long done, long size) {}
  }

  /// What is written.
  ///
  /// @param times whether rows tell how long things took: two runs then differ
  /// @param table the task that the columns of a Parquet file are for; null for lines of JSON
  public record Output(Path file, boolean times, @Nullable Task table) {
    /// A Parquet file if its name ends so, else lines of JSON.
    public static Output of(Path file, boolean times, Task task) {
      return new Output(file, times, Inputs.isParquet(file.toString()) ? task : null);
    }
  }

  /// How a run ended.
  public enum End {
    /// All rows are there.
    COMPLETE,
    /// All rows were there before.
    FOUND,
    /// It was stopped; the same call goes on.
    STOPPED
  }

  /// @param rows in the output; those of one that was found are not counted: 0
  public record Result(long rows, End end) {}

  private record Pending(Row row, CompletableFuture<Outcome> outcome) {}

  private final Supplier<Worker> opening;
  private final Input input;
  private final Output output;
  private final Manifest manifest;
  private final Listener listener;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private final StringBuilder segment = new StringBuilder();
  private final CRC32C asked = new CRC32C(); // by the rows that are done
  private long kept; // bytes, by rows that wait
  private int segmentRows;
  private long segmentBegun;
  private volatile boolean stopped;

  /// @param opening opens the worker, once there is something to do; it is closed with the run
  /// @param input stays the caller's
  public Batch(
      Supplier<Worker> opening, Input input, Output output, Manifest manifest, Listener listener) {
    this.opening = opening;
    this.input = input;
    this.output = output;
    this.manifest = manifest.withTimes(output.times());
    this.listener = listener;
  }

  /// Runs it to its end, or until it is stopped.
  ///
  /// @throws BatchException if the output was made of something else, or of an input that has grown
  ///   since it was complete, or another process writes it
  /// @throws IOException if something cannot be read or written; what is done is kept
  /// @throws InterruptedException if this thread is interrupted; what is done is kept
  public Result run() throws IOException, InterruptedException {
    Path file = output.file();
    requireOurs(file);
    return Files.exists(file) ? found(file) : goOn(file);
  }

  private Result found(Path file) throws IOException {
    manifest.requireBegun(file);
    requireNoMore(file);
    Journal.delete(file);
    return new Result(0, End.FOUND);
  }

  /// Works at an output that was not complete a moment ago.
  Result goOn(Path file) throws IOException, InterruptedException {
    try (Journal journal = Journal.open(file)) {
      if (Files.exists(file)) { // another batch has completed it meanwhile
        if (journal.rows() == 0) {
          Journal.delete(file);
        }
        return found(file);
      }
      if (journal.rows() == 0) {
        manifest.write(file); // over one with which nothing was done
      } else {
        manifest.requireBegun(file);
      }
      if (!work(journal)) {
        return new Result(journal.rows(), End.STOPPED);
      }
      finish(journal);
      return new Result(journal.rows(), End.COMPLETE);
    }
  }

  private static void requireOurs(Path file) throws IOException {
    Path rows = Journal.rowsFile(file);
    boolean isThere = Files.exists(file) || (Files.exists(rows) && Files.size(rows) > 0);
    if (!Manifest.isThere(file) && isThere) {
      throw new BatchException(
          file + ": is there, and no manifest says what it is made with; name another output file");
    }
  }

  /// An output that is complete takes no more rows.
  private void requireNoMore(Path file) throws IOException {
    long rows = Manifest.rows(file);
    if (rows >= 0 && hasMore(rows)) {
      throw new BatchException(
          "%s: was complete with %d rows, and the input has more now; name another output file, or delete this one to have all rows made anew"
              .formatted(file, rows));
    }
  }

  private boolean hasMore(long rows) throws IOException {
    if (input.size() >= 0) {
      return input.size() > rows;
    }
    for (long i = 0; i < rows; i++) {
      if (next() == null) {
        return false;
      }
    }
    return next() != null;
  }

  /// Ends a run soon, from another thread or a signal's: rows that are done are kept, those that
  /// were begun are not.
  public void stop() {
    stopped = true;
  }

  /// @return false if it was stopped
  private boolean work(Journal journal) throws IOException, InterruptedException {
    if (journal.rows() > 0) {
      listener.found(journal.rows());
      skip(journal);
    }
    Row first = next();
    if (first == null) {
      return !stopped;
    }
    try (Worker worker = opening.get()) {
      for (Row row = first; row != null && begin(row, worker, journal); row = next()) {
        writeDone(journal, WINDOW - 1);
      }
      writeDone(journal, 0);
    } finally {
      pending.clear();
      flush(journal);
    }
    return !stopped;
  }

  private @Nullable Row next() throws IOException {
    return stopped ? null : input.next();
  }

  /// Passes over the rows that are done.
  ///
  /// @throws BatchException if the input has other ones now
  private void skip(Journal journal) throws IOException {
    try (BufferedReader lines = journal.lines()) {
      for (long i = 1; i <= journal.rows(); i++) {
        String was = id(lines.readLine());
        Row row = input.next();
        String is = row == null ? "missing" : row.id();
        if (row == null || !is.equals(was)) {
          throw new BatchException(
              ("%s: row %d was %s when it was done and is %s now; go on with the same input, or name"
                      + " another output file")
                  .formatted(output.file(), i, was, is));
        }
        row.sum(asked);
      }
    }
    if ((int) asked.getValue() != journal.asked()) {
      throw new BatchException(
          output.file()
              + ": a row that is done asked something else when it was done, or about other"
              + " pictures; go on with the same input, or name another output file");
    }
  }

  private static String id(String line) {
    return Json.parse(line.getBytes(StandardCharsets.UTF_8), "row").getText("id");
  }

  /// @return false if it was stopped before there was a place for the row
  private boolean begin(Row row, Worker worker, Journal journal)
      throws IOException, InterruptedException {
    CompletableFuture<Outcome> outcome = worker.submit(row, PATIENCE);
    while (outcome == null && !stopped) {
      writeDone(journal, WINDOW);
      outcome = worker.submit(row, PATIENCE);
    }
    if (outcome == null) {
      return false;
    }
    pending.add(new Pending(row, outcome));
    kept += row.bytes();
    return true;
  }

  /// Writes the rows that are done, up to the first one that is not; waits for it where more wait
  /// than may, or they keep too much.
  private void writeDone(Journal journal, int most) throws IOException, InterruptedException {
    while (!stopped && !pending.isEmpty()) {
      Pending first = pending.element();
      if (pending.size() <= most && kept <= MOST_KEPT && !first.outcome().isDone()) {
        return;
      }
      Outcome outcome = outcome(first.outcome());
      if (outcome != null) {
        pending.remove();
        kept -= first.row().bytes();
        write(first.row(), outcome, journal);
      }
    }
  }

  /// @return null if it is not done, even after a moment
  private static @Nullable Outcome outcome(CompletableFuture<Outcome> future)
      throws InterruptedException {
    try {
      return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (ExecutionException e) {
      throw failure(e.getCause());
    }
  }

  /// What a worker failed with, here.
  private static RuntimeException failure(@Nullable Throwable cause) throws InterruptedException {
    switch (cause) {
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case InterruptedException e -> throw e;
      case null, default -> throw new AssertionError(cause);
    }
  }

  private void write(Row row, Outcome outcome, Journal journal) throws IOException {
    if (segmentRows == 0) {
      segmentBegun = System.nanoTime();
    }
    segment.append(Line.of(row, outcome, output.times())).append('\n');
    row.sum(asked);
    segmentRows++;
    listener.done(outcome, journal.rows() + segmentRows, input.size());
    if (segmentRows == SEGMENT_ROWS
        || segment.length() > SEGMENT_CHARS
        || System.nanoTime() - segmentBegun > SEGMENT_NANOS) {
      flush(journal);
    }
  }

  private void flush(Journal journal) throws IOException {
    if (segmentRows > 0) {
      int rows = segmentRows;
      segmentRows = 0;
      String text = segment.toString();
      segment.setLength(0);
      journal.add(text, rows, (int) asked.getValue());
    }
  }

  private void finish(Journal journal) throws IOException {
    Path file = output.file();
    Path whole = Journal.rowsFile(file);
    if (output.table() != null) {
      whole = new OutputTable(output.table(), output.times()).write(journal, file);
    }
    manifest.withRows(journal.rows()).write(file);
    Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE);
    Journal.delete(file);
  }
}
