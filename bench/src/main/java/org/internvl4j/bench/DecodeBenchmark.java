package org.internvl4j.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One token after another at a short context: a pass over all weights and a greedy choice, no
/// text.
///
/// It also counts what a token allocates: [Garbage].
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class DecodeBenchmark {
  private static final int PROMPT = 64;

  /// Tokens after which everything is compiled, also what a longer past needs: a matter of how
  /// often, not of how long.
  private static final int WARM_UP = 96;

  /// A conversation that goes on and on, and back to its prompt before each iteration.
  @State(Scope.Thread)
  public static class Talk extends Speaker {
    private final Garbage garbage = new Garbage();
    private int first;
    private int said;
    private long steps;
    private long started;

    /// Opens the model, reads the prompt and speaks until it is warm.
    @Setup(Level.Trial)
    public void open() {
      openModel();
      first = engine().prefill(prompt(PROMPT));
      said = first;
      for (int i = 0; i < WARM_UP; i++) {
        said = engine().next(said);
      }
    }

    /// Back to the prompt.
    @Setup(Level.Iteration)
    public void start() {
      engine().rewind(PROMPT);
      said = first;
      steps = 0;
      garbage.clear();
      rates.measure(
          threadsInUse(),
          ModelWork.tokenBytes(config(), dtype(), PROMPT),
          ModelWork.token(config(), PROMPT).flops());
      started = System.nanoTime();
    }

    int say() {
      steps++;
      garbage.begin();
      said = engine().next(said);
      garbage.end();
      rates.setGarbageBytes((double) garbage.bytes() / steps);
      return said;
    }

    /// Prints an iteration's rates.
    @TearDown(Level.Iteration)
    public void report() {
      double seconds = (System.nanoTime() - started) * 1e-9 / steps;
      System.out.printf(
          "%.2f tokens/s, %.0f bytes of garbage a token, %s",
          1 / seconds, rates.garbageBytes(), rates.line(seconds));
    }
  }

  @Benchmark
  public int token(Talk talk, Counters counters) {
    counters.of(talk.rates);
    return talk.say();
  }
}
