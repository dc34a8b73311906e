package org.internvl4j.spark;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.internvl4j.batch.Task;
import org.internvl4j.batch.Worker;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.runtime.Devices;

/// Opens models where tasks run, in an executor or in a local driver.
final class Opening {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  /// `0` has the CPU compute with plain loops, as it does without vectors, and say nothing of them.
  private static final String BITS = "internvl4j.vector.bits";

  private static final int MOST_THREADS = 1024;
  private static final Logger LOG = System.getLogger(Opening.class.getName());

  private Opening() {}

  /// @throws IllegalArgumentException if an option of the model makes no sense, naming it
  static void check(Options options) {
    OpenOptions _ = openOptions(options);
    PictureOptions _ = pictures(options);
    try {
      Devices.requireName(options.text("device", OpenOptions.DEFAULT.device()));
      Path _ = Path.of(options.text("model", ""));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("internvl: option model cannot name a folder", e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("internvl: option " + e.getMessage(), e);
    }
  }

  static Worker open(Options options, Task task) {
    sayOnceWhetherVectorsAreMissing();
    Checkpoint checkpoint = Checkpoint.open(folder(options.text("model", "")));
    Worker worker = Worker.open(checkpoint, openOptions(options), task, pictures(options));
    LOG.log(Level.INFO, "internvl: {0} is open: {1}", checkpoint.name(), options);
    return worker;
  }

  private static PictureOptions pictures(Options options) {
    long pixels =
        options.number("max_pixels", PictureOptions.DEFAULT.maxPixels(), 1, Long.MAX_VALUE);
    return PictureOptions.DEFAULT.withOrientation(options.flag("oriented")).withMaxPixels(pixels);
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
        .withThreads((int) options.number("threads", cores(), 0, MOST_THREADS))
        .withWeights(format);
  }

  /// As many threads as this executor has cores; 0, all of the machine's, where it does not say.
  private static int cores() {
    SparkEnv env = SparkEnv.get();
    return env == null ? 0 : env.conf().getInt("spark.executor.cores", 0);
  }

  /// A folder of this machine, one that came with the session or the application, or a model of the
  /// hub's cache.
  private static Path folder(String model) {
    if (SparkEnv.get() != null) {
      List<Path> places =
          List.of(
              Path.of(model),
              Path.of(SparkFiles.get(model)),
              Path.of(SparkFiles.getRootDirectory(), model));
      for (Path place : places) {
        if (Files.isDirectory(place)) {
          return place;
        }
      }
    }
    return Checkpoint.resolve(model);
  }

  /// In the words of Spark, and so not in those of the CPU once more.
  private static void sayOnceWhetherVectorsAreMissing() {
    boolean isThere = ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    if (!isThere && System.getProperties().putIfAbsent(BITS, "0") == null) {
      String who = isDriver() ? "driver" : "executor";
      LOG.log(
          Level.WARNING,
          "internvl: this {0} has no Vector API and computes with plain loops, slowly; add"
              + " --add-modules={1} to spark.{0}.extraJavaOptions",
          who,
          VECTOR_MODULE);
    }
  }

  private static boolean isDriver() {
    SparkEnv env = SparkEnv.get();
    return env == null || env.executorId().equals("driver");
  }
}
