package org.internvl4j.bench;

import java.util.concurrent.TimeUnit;
import org.internvl4j.runtime.DType;
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

/// A single product, ours beside a rival's: the same operands, the same number of threads.
///
/// `F32` is what both keep weights as; ours may be asked for its other dtypes too.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ProductBenchmark {
  /// Whoever computes, and how fast.
  @State(Scope.Thread)
  public static class Operands {
    /// Which product; [ProductShape] knows them all.
    @Param({"vit-300m.fc1", "qwen2-0.5b.up.prefill", "qwen2-0.5b.head.decode"})
    public String shape = "";

    /// Who computes: `internvl4j`, or a rival on the class path.
    @Param("internvl4j")
    public String engine = "";

    /// 0 for as many as there are cores.
    @Param("0")
    public int threads;

    /// What the matrix is kept as.
    @Param("F32")
    public DType weights = DType.F32;

    private final Rates rates = new Rates();
    private ProductShape product;
    private ProductEngine opened;
    private long calls;
    private long started;

    /// Opens the engine and holds one result against the reference's.
    @Setup(Level.Trial)
    public void open() {
      product = ProductShape.named(shape);
      opened = Engines.openProduct(engine, product, weights, KernelBenchmark.threadsInUse(threads));
      Suite.tell(opened.description());
      OwnProduct.check(opened, product, weights);
    }

    /// Takes the ceilings and starts the clock of an iteration's rates.
    @Setup(Level.Iteration)
    public void start() {
      rates.measure(KernelBenchmark.threadsInUse(threads), opened.bytes(), product.flops());
      calls = 0;
      started = System.nanoTime();
    }

    /// One call.
    void run() {
      opened.run();
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
      opened.close();
    }
  }

  @Benchmark
  public void call(Operands operands, Counters counters) {
    counters.of(operands.rates);
    operands.run();
  }
}
