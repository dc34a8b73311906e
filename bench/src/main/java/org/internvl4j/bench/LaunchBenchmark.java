package org.internvl4j.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What it costs the host to launch a kernel: what the binding takes, and the driver beneath it.
///
/// The kernels run after the clock has stopped. Over the stand-in, which runs nothing before it is
/// waited for, the difference of two engines is that of their bindings.
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 100)
@Measurement(iterations = 100)
@Fork(1)
public class LaunchBenchmark {
  private static final int LAUNCHES = 500; // fewer than a driver queues before it waits

  /// Whoever launches.
  @State(Scope.Thread)
  public static class Launcher {
    /// Who launches: `internvl4j`, or a rival on the class path.
    @Param("internvl4j")
    public String engine = "";

    private LaunchEngine opened;

    /// Opens the engine and looks at one result.
    @Setup(Level.Trial)
    public void open() {
      opened = Engines.openLauncher(engine);
      Suite.tell(opened.description());
      opened.launch();
      opened.synchronize();
      float[] y = opened.result();
      for (int i = 0; i < y.length; i++) {
        if (y[i] != i + 1) {
          throw new AssertionError(engine + ": element " + i + " is " + y[i]);
        }
      }
    }

    /// Lets the kernels run.
    @TearDown(Level.Iteration)
    public void run() {
      opened.synchronize();
    }

    /// Frees everything.
    @TearDown(Level.Trial)
    public void close() {
      opened.close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(LAUNCHES)
  public void launch(Launcher launcher) {
    for (int i = 0; i < LAUNCHES; i++) {
      launcher.opened.launch();
    }
  }
}
