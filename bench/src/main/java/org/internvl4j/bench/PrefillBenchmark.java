package org.internvl4j.bench;

import java.util.concurrent.TimeUnit;
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

/// A prompt through the whole decoder, and the head for its last token.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PrefillBenchmark {
  /// What is read.
  @State(Scope.Thread)
  public static class Reading extends Speaker {
    /// Length of the prompt.
    @Param("512")
    public int tokens;

    private int[] ids = {};

    /// Opens the model.
    @Setup(Level.Trial)
    public void open() {
      openModel();
    }

    /// Takes the ceilings.
    @Setup(Level.Iteration)
    public void start() {
      ids = prompt(tokens);
      rates.measure(
          threadsInUse(),
          ModelWork.weightBytes(config(), dtype()),
          ModelWork.prefill(config(), tokens).flops());
    }
  }

  @Benchmark
  public int prompt(Reading reading, Counters counters) {
    counters.of(reading.rates);
    return reading.engine().prefill(reading.ids);
  }
}
