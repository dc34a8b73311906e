package org.internvl4j.cli;

import java.nio.file.Path;
import java.time.Duration;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Outcome;

/// How far a batch is, how fast, and how long it will take; at its end, what became of it.
final class BatchProgress implements Batch.Listener {
  private final Console console;
  private final Progress progress;
  private final long begun = System.nanoTime();
  private long found;
  private long done;
  private long failed;

  BatchProgress(Console console) {
    this.console = console;
    this.progress = new Progress(console);
  }

  @Override
  public void found(long rows) {
    found = rows;
    console.note("internvl: goes on behind " + rows + " rows that are done");
  }

  @Override
  public void done(Outcome outcome, long rows, long size) {
    done++;
    failed += outcome instanceof Outcome.Failed ? 1 : 0;
    if (size < 0) {
      progress.showCount("batch", rows, words(rows, size));
    } else {
      progress.show("batch", rows, size, rows + "/" + size + " " + words(rows, size));
    }
  }

  private double rate() {
    return done / Math.max(1e-9, (System.nanoTime() - begun) * 1e-9);
  }

  private String words(long rows, long size) {
    String rate = "%.1f/s".formatted(rate());
    String left = size < 0 ? "" : ", " + time((long) ((size - rows) / rate())) + " left";
    return rate + left + (failed == 0 ? "" : ", " + failed + " failed");
  }

  private static String time(long seconds) {
    Duration time = Duration.ofSeconds(seconds);
    return time.toHours() > 0
        ? "%d h %02d min".formatted(time.toHours(), time.toMinutesPart())
        : "%d:%02d".formatted(time.toMinutes(), time.toSecondsPart());
  }

  /// Says what became of it.
  void summarise(Batch.Result result, Path out) {
    progress.clear();
    switch (result.end()) {
      case COMPLETE ->
          console.note(
              "internvl: %d rows in %s, %d failed of the %d done now, %.1f a second"
                  .formatted(result.rows(), out, failed, done, rate()));
      case FOUND -> console.note("internvl: " + out + " was complete already");
      case STOPPED ->
          console.note(
              "internvl: stopped; %d rows are kept, and the same command goes on"
                  .formatted(Math.max(result.rows(), found)));
    }
  }

  /// Erases what is shown.
  void clear() {
    progress.clear();
  }
}
