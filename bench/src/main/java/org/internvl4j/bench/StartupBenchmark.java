package org.internvl4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

  /// `internvl demo`: a toy model is opened, looks at nine pictures and answers fifteen questions.
  @Benchmark
  public void demo() {
    run(List.of(launcher, "demo"));
  }

  /// `internvl demo` until its first answer is complete.
  @Benchmark
  public void firstAnswer() {
    untilAnswered(List.of(launcher, "demo"));
  }

  private static void untilAnswered(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        for (String line = ""; !line.startsWith("answer"); line = lines.readLine()) {
          if (line == null) {
            throw new AssertionError("bench: " + String.join(" ", command) + " gave no answer");
          }
        }
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new IllegalStateException("bench: " + String.join(" ", command), e);
    }
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
