package org.internvl4j.spark;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.internvl4j.batch.Worker;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;

/// A share of a model in this JVM: all tasks that run here use the same one, and it is closed a
/// while after the last of them has ended.
///
/// Weights are mapped, so that executors of one host share their pages.
final class Lease implements AutoCloseable {
  private static final long IDLE_SECONDS = 60;

  /// Executors run task after task: what one has opened serves the next.
  private static final Map<Job, Lease> OPEN = new HashMap<>(); // by its own lock

  private static final ScheduledExecutorService CLOSER =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("internvl closer").factory());

  private final Job job;
  private final Worker worker;
  private int count; // by the lock of OPEN
  private long used; // turns, so that a late closer finds out that it was used since

  private Lease(Job job, Worker worker) {
    this.job = job;
    this.worker = worker;
  }

  /// Takes a share; opens the model if nobody has. The caller closes it.
  static Lease of(Job job) {
    synchronized (OPEN) {
      Lease lease = OPEN.computeIfAbsent(job, wanted -> new Lease(wanted, open(wanted)));
      lease.count++;
      lease.used++;
      return lease;
    }
  }

  Worker worker() {
    return worker;
  }

  @Override
  public void close() {
    synchronized (OPEN) {
      count--;
      if (count == 0) {
        long then = used;
        Future<?> _ = CLOSER.schedule(() -> closeUnlessUsed(then), IDLE_SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  private void closeUnlessUsed(long then) {
    synchronized (OPEN) {
      if (count > 0 || used != then || !OPEN.remove(job, this)) {
        return;
      }
    }
    worker.close();
  }

  private static Worker open(Job job) {
    Options options = job.options();
    Checkpoint checkpoint = Checkpoint.open(folder(options.text("model", "")));
    PictureOptions pictures =
        PictureOptions.DEFAULT
            .withOrientation(Boolean.parseBoolean(options.text("oriented", "false")))
            .withMaxPixels(options.number("max_pixels", PictureOptions.DEFAULT.maxPixels(), 1));
    return Worker.open(checkpoint, openOptions(options), job.task(), pictures);
  }

  private static OpenOptions openOptions(Options options) {
    WeightFormat format =
        switch (options.text("weights", "bf16")) {
          case "bf16" -> WeightFormat.STORED;
          case "q8" -> WeightFormat.Q8;
          case "q4" -> WeightFormat.Q4;
          default -> throw Options.wrong("weights", options.find("weights"), "bf16, q8 or q4");
        };
    return OpenOptions.DEFAULT
        .withDevice(options.text("device", OpenOptions.DEFAULT.device()))
        .withThreads((int) options.number("threads", cores(), 0))
        .withWeights(format);
  }

  /// As many threads as this executor has cores; 0, all of the machine's, where it does not say.
  private static int cores() {
    SparkEnv env = SparkEnv.get();
    return env == null ? 0 : env.conf().getInt("spark.executor.cores", 0);
  }

  /// A folder of this machine, one that was added to the application, or a model of the hub's
  /// cache.
  private static Path folder(String model) {
    if (!Files.isDirectory(Path.of(model)) && SparkEnv.get() != null) {
      Path added = new File(SparkFiles.get(model)).toPath();
      if (Files.isDirectory(added)) {
        return added;
      }
    }
    return Checkpoint.resolve(model);
  }
}
