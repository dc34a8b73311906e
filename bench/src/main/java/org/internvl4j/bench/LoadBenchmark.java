package org.internvl4j.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.testkit.ShapedCheckpoint;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Opening a model, its files being in the page cache.
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
@Fork(1)
@State(Scope.Thread)
public class LoadBenchmark {
  /// The shape.
  @Param("INTERNVL2_1B")
  public ShapedCheckpoint.Model model = ShapedCheckpoint.Model.INTERNVL2_1B;

  /// `first` prepares the matrices and keeps them in a file, `cached` maps that file, `none`
  /// prepares them and keeps nothing.
  @Param({"first", "cached", "none"})
  public String cache = "";

  private Path folder = Path.of("");

  /// Makes the checkpoint where there is none.
  @Setup(Level.Trial)
  public void make() {
    folder = ShapedModels.folder(model);
  }

  /// What was kept is gone again before each `first` opening.
  @Setup(Level.Iteration)
  public void forget() throws IOException {
    Path kept = folder.resolve(".internvl4j");
    if (cache.equals("first") && Files.isDirectory(kept)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(kept, "*-stored.bin")) {
        for (Path file : files) {
          Files.delete(file);
        }
      }
    }
  }

  @Benchmark
  public int open() {
    OpenOptions options =
        cache.equals("none") ? OpenOptions.DEFAULT.withoutCache() : OpenOptions.DEFAULT;
    try (VisionLanguageModel opened = VisionLanguageModel.open(Checkpoint.open(folder), options)) {
      return opened.context();
    }
  }
}
