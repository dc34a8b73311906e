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

/// Every kernel on the shapes of real models.
///
/// Next to the time of a call stand GFLOP/s and GB/s, and the share of what this machine computed
/// and read at best in that very second. A product of few rows takes another copy of its weights
/// each time, as a model's layers do, so it reads from memory and not from a cache.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class KernelBenchmark {
  /// A device, and one kernel's operands on it.
  @State(Scope.Thread)
  public static class Operands {
    /// Which kernel on which shape; [KernelShapes] knows them all.
    @Param({
      "qwen2-0.5b.up.decode",
      "qwen2-0.5b.down.decode",
      "qwen2-0.5b.swiglu.decode",
      "qwen2-0.5b.head.decode",
      "internlm2-1.8b.swiglu.decode",
      "internlm2-1.8b.down.decode",
      "qwen2-0.5b.swiglu.batch4",
      "qwen2-0.5b.qkv.prefill",
      "qwen2-0.5b.out.prefill",
      "qwen2-0.5b.swiglu.prefill",
      "qwen2-0.5b.down.prefill",
      "internlm2-1.8b.swiglu.prefill",
      "internlm2-1.8b.down.prefill",
      "vit-300m.qkv",
      "vit-300m.proj",
      "vit-300m.fc1",
      "vit-300m.fc2",
      "qwen2-0.5b.attention.decode",
      "qwen2-0.5b.attention.prefill",
      "qwen2-0.5b.attention.decode.paged",
      "qwen2-0.5b.attention.prefill.paged",
      "vit-300m.attention",
      "vit-300m.norm",
      "qwen2-0.5b.norm.decode",
      "qwen2-0.5b.norm.prefill",
      "qwen2-0.5b.rope.prefill",
      "qwen2-0.5b.embed.prefill",
      "qwen2-0.5b.softmax",
      "qwen2-0.5b.silu",
      "qwen2-0.5b.swiglu",
      "qwen2-0.5b.add",
      "vit-300m.mul",
      "vit-300m.gelu",
      "vit-300m.copy",
      "vit-300m.patches",
      "vit-300m.pixel-shuffle",
      "vit-300m.positions"
    })
    public String shape = "";

    /// The device's name.
    @Param("cpu")
    public String device = "";

    /// 0 for as many as there are cores.
    @Param("0")
    public int threads;

    /// What matrices are kept as: `F32`, `BF16`, `F16`, `Q8`, `Q4`.
    @Param("BF16")
    public DType weights = DType.BF16;

    private final Rates rates = new Rates();
    private Device opened;
    private Workspace workspace;
    private KernelCall call;
    private int variant;
    private long calls;
    private long started;

    /// Opens the device and holds one result against the reference's.
    @Setup(Level.Trial)
    public void open() {
      opened = Devices.open(device, threads);
      if (!opened.name().equals(device)) {
        throw new AssertionError("bench: got the device " + opened.name());
      }
      Suite.tell(opened.description());
      workspace = new Workspace(opened, "benchmark");
      call = KernelShapes.named(shape, weights, workspace);
      check();
    }

    private void check() {
      try (Device reference = Devices.open("reference", 1);
          Workspace step = new Workspace(reference, "reference")) {
        call.run(0);
        KernelCall expected = KernelShapes.named(shape, weights, step);
        expected.body().run(KernelCall.CHECKED_ROWS, 0);
        TensorAssert.assertClose(
            shape,
            call.result(KernelCall.CHECKED_ROWS),
            expected.result(KernelCall.CHECKED_ROWS),
            call.tolerance());
      }
    }

    /// Takes the ceilings and starts the clock of an iteration's rates.
    @Setup(Level.Iteration)
    public void start() {
      rates.measure(threadsInUse(threads), call.bytes(), call.flops());
      calls = 0;
      started = System.nanoTime();
    }

    /// One call.
    void run() {
      variant = variant + 1 == call.variants() ? 0 : variant + 1;
      call.run(variant);
      calls++;
    }

    /// Prints an iteration's rates.
    @TearDown(Level.Iteration)
    public void report() {
      double seconds = (System.nanoTime() - started) * 1e-9 / calls;
      System.out.print(rates.line(seconds));
    }

    /// Frees everything.
    @TearDown(Level.Trial)
    public void close() {
      workspace.close();
      opened.close();
    }
  }

  /// What `0` threads stands for.
  static int threadsInUse(int threads) {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  @Benchmark
  public void call(Operands operands, Counters counters) {
    counters.of(operands.rates);
    operands.run();
  }
}
