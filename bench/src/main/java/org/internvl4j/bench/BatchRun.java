package org.internvl4j.bench;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.batch.Batch;
import org.internvl4j.batch.Columns;
import org.internvl4j.batch.Input;
import org.internvl4j.batch.Inputs;
import org.internvl4j.batch.Manifest;
import org.internvl4j.batch.Outcome;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;

/// A batch with the demo model in a process of its own, which tells how it goes: rows, seconds
/// since the start and mebibytes in memory, a line every 100 rows.
public final class BatchRun implements Batch.Listener {
  private static final int ROWS = 100;

  private final long start = System.nanoTime();

  private BatchRun() {}

  @Override
  public void done(Outcome outcome, long done, long size) {
    if (outcome instanceof Outcome.Failed failed) {
      throw new IllegalStateException("bench: row " + done + " failed: " + failed);
    }
    if (done % ROWS == 0) {
      System.out.printf(
          Locale.ROOT,
          "%d %.3f %.1f%n",
          done,
          (System.nanoTime() - start) * 1e-9,
          ProcessMemory.residentBytes() * 0x1p-20);
    }
  }

  /// @param args input, output, threads
  public static void main(String[] args) throws Exception {
    Path out = Path.of(args[1]);
    OpenOptions options = OpenOptions.DEFAULT.withThreads(Integer.parseInt(args[2]));
    Task task = Task.Asking.of(Growing.QUESTION);
    PictureOptions pictures = PictureOptions.DEFAULT;
    Manifest manifest = Manifest.of("demo", "", Map.of(), task, pictures, args[0]);
    try (Input input = Inputs.open(args[0], Columns.USUAL, InputStream.nullInputStream())) {
      new Batch(
              () -> Worker.open(DemoModel.checkpoint(), options, task, pictures),
              input,
              Batch.Output.of(out, false, task),
              manifest,
              new BatchRun())
          .run();
    }
    Files.delete(out);
  }
}
