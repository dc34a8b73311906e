package org.internvl4j.cli;

import java.nio.file.Path;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Outcome;

/// How far a batch is, how fast, and how long it will take; at its end, what became of it.
final class BatchProgress implements Batch.Listener {
  private final Console console;
  private final Progress progress;
  private Pace pace = new Pace(0);
  private long done;
  private long failed;

  BatchProgress(Console console) {
    this.console = console;
    this.progress = new Progress(console);
  }

  @Override
  public void found(long rows) {
    done = rows;
    pace = new Pace(rows);
    console.note("internvl: goes on behind " + rows + " rows that are done");
  }

  @Override
  public void done(Outcome outcome, long rows, long size) {
    done = rows;
    failed += outcome.isFailure() ? 1 : 0;
    String figures = pace.figures(rows, size) + (failed == 0 ? "" : "  " + failed + " failed");
    if (size < 0) {
      progress.show("batch " + figures);
    } else {
      progress.show("batch", rows, size, figures);
    }
  }

  /// Says what became of it.
  void summarise(Batch.Result result, Path out) {
    progress.clear();
    switch (result.end()) {
      case COMPLETE ->
          console.note(
              result.rows() == 0
                  ? "internvl: 0 rows in " + out + ": the input has none"
                  : "internvl: %d rows in %s, %d of those done now failed, %.1f a second"
                      .formatted(result.rows(), out, failed, pace.rate(done)));
      case FOUND ->
          console.note(
              "internvl: " + out + " is complete already; delete it to have it made again");
      case STOPPED ->
          console.note(
              "internvl: stopped; %d rows are kept, and the same command goes on"
                  .formatted(result.rows()));
    }
  }

  /// Erases what is shown.
  void clear() {
    progress.clear();
  }
}
