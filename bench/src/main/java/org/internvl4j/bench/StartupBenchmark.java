package org.internvl4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Whole processes from start to end, launcher script included, beside an empty Java program.
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 10)
@Fork(1)
@State(Scope.Thread)
public class StartupBenchmark {
  private String launcher = "";

  /// Finds the launcher.
  @Setup
  public void find() {
    launcher = Path.of(System.getProperty("internvl4j.home", "."), "internvl").toString();
  }

  /// A program that does nothing, on a class path of its own.
  public static final class Empty {
    private Empty() {}

    public static void main(String[] args) {}
  }

  /// A Java program that does nothing.
  @Benchmark
  public void empty() {
    run(Processes.java(List.of("-XX:+UseSerialGC"), Empty.class.getName(), List.of()));
  }

  /// `internvl --version`.
  @Benchmark
  public void version() {
    run(List.of(launcher, "--version"));
  }

  /// `internvl --help`.
  @Benchmark
  public void help() {
    run(List.of(launcher, "--help"));
  }

  /// `internvl demo -q -n 1 --seed 1`: a model is opened, looks at a picture and answers.
  @Benchmark
  public void demo() {
    run(List.of(launcher, "demo", "-q", "-n", "1", "--seed", "1"));
  }

  private static void run(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      int code = process.waitFor();
      if (code != 0) {
        throw new AssertionError("bench: " + String.join(" ", command) + " ended with " + code);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("bench: " + String.join(" ", command), e);
    }
  }
}
