package org.internvl4j.bench;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Devices;
import org.internvl4j.testkit.ShapedCheckpoint;
import org.internvl4j.testkit.TensorAssert;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One 448-pixel tile through the whole vision tower and the projector.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VisionBenchmark {
  /// The tower, the projector and a tile of noise.
  @State(Scope.Thread)
  public static class Seer {
    /// The shape; ViT-300M in all.
    @Param("INTERNVL2_1B")
    public ShapedCheckpoint.Model model = ShapedCheckpoint.Model.INTERNVL2_1B;

    /// 0 for as many as there are cores.
    @Param("0")
    public int threads;

    private final Rates rates = new Rates();
    private OwnEngine engine;
    private Tile tile;

    /// Opens the model and holds its beginning and its end against the reference's.
    @Setup(Level.Trial)
    public void open() {
      Path folder = ShapedModels.folder(model);
      engine = new OwnEngine(folder, DType.BF16, Devices.open("cpu", threads));
      Suite.tell(engine.description());
      tile = new Tile(engine);
      try (OwnEngine reference = new OwnEngine(folder, DType.BF16, Devices.open("reference", 1));
          Tile expected = new Tile(reference)) {
        TensorAssert.assertClose(
            "tile without blocks",
            tile.see(0),
            expected.see(0),
            KernelCall.bf16Tolerance(4096, 200, 8));
      }
      requireAlive(tile.see());
    }

    private static void requireAlive(float[] tokens) {
      double squares = 0;
      for (float token : tokens) {
        squares += (double) token * token;
      }
      if (!(squares > 0) || Double.isInfinite(squares)) { // also NaN
        throw new AssertionError("bench: image tokens have the square sum " + squares);
      }
    }

    /// Takes the ceilings.
    @Setup(Level.Iteration)
    public void start() {
      rates.measure(
          KernelBenchmark.threadsInUse(threads), 0, ModelWork.tile(engine.net().config()).flops());
    }

    /// Frees everything.
    @TearDown(Level.Trial)
    public void close() {
      tile.close();
      engine.close();
    }
  }

  @Benchmark
  public float[] tile(Seer seer, Counters counters) {
    counters.of(seer.rates);
    return seer.tile.see();
  }
}
