package org.internvl4j.bench;

import java.util.concurrent.TimeUnit;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Workspace;
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

/// The kernels on the shapes of real models.
///
/// Next to the time of a call stand GFLOP/s and GB/s; before the first call of each run stand what
/// this machine reads and computes at best in that very minute, and after the last one the share of
/// it.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelBenchmark {
  /// A device, and one kernel's operands on it.
  @State(Scope.Benchmark)
  public static class Operands {
    /// Which kernel on which shape; [ModelShape] knows them.
    @Param({
      "qwen2-0.5b.mlp.decode",
      "qwen2-0.5b.head.decode",
      "qwen2-0.5b.mlp.prefill",
      "qwen2-0.5b.attention.decode",
      "qwen2-0.5b.attention.prefill",
      "vit-300m.fc1",
      "vit-300m.attention",
      "vit-300m.norm",
      "vit-300m.gelu"
    })
    public String shape = "";

    /// The device's name.
    @Param("cpu")
    public String device = "";

    /// 0 for as many as there are cores.
    @Param("0")
    public int threads;

    /// How matrices are stored.
    @Param("BF16")
    public DType weights = DType.BF16;

    private Device opened;
    private Workspace workspace;
    private ModelShape call;
    private long calls;
    private long started;
    private double read;
    private double fma;

    /// Opens the device and holds one result against the reference's.
    @Setup(Level.Trial)
    public void open() {
      opened = Devices.open(device, threads);
      if (!opened.name().equals(device)) {
        throw new AssertionError("bench: got the device " + opened.name());
      }
      workspace = new Workspace(opened, "benchmark");
      call = ModelShape.named(shape, weights, workspace);
      int workers = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
      check();
      read = Ceilings.readGigabytes(workers);
      fma = Ceilings.fmaGigaflops(workers);
      System.out.printf("%n%s%n", opened.description());
      System.out.printf("this minute: %.1f GB/s plain read, %.0f GFLOP/s plain fma%n", read, fma);
    }

    private void check() {
      try (Device reference = Devices.open("reference", 1);
          Workspace step = new Workspace(reference, "reference")) {
        call.run();
        ModelShape expected = ModelShape.named(shape, weights, step);
        expected.runRows(ModelShape.CHECKED_ROWS);
        TensorAssert.assertClose(
            shape,
            call.result(ModelShape.CHECKED_ROWS),
            expected.result(ModelShape.CHECKED_ROWS),
            call.tolerance());
      }
    }

    /// Starts the clock of an iteration's rates.
    @Setup(Level.Iteration)
    public void start() {
      calls = 0;
      started = System.nanoTime();
    }

    /// One call.
    void run() {
      call.run();
      calls++;
    }

    /// Prints an iteration's rates.
    @TearDown(Level.Iteration)
    public void report() {
      double nanos = (double) (System.nanoTime() - started) / calls;
      double gigabytes = call.bytes() / nanos;
      double gigaflops = call.flops() / nanos;
      System.out.printf(
          "%.1f GB/s (%.0f %% of plain read), %.1f GFLOP/s (%.0f %% of plain fma), ",
          gigabytes, 100 * gigabytes / read, gigaflops, 100 * gigaflops / fma);
    }

    /// Frees everything.
    @TearDown(Level.Trial)
    public void close() {
      workspace.close();
      opened.close();
    }
  }

  @Benchmark
  public void call(Operands operands) {
    operands.run();
  }
}
