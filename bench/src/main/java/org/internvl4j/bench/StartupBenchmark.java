package org.internvl4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
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
  private Path classes = Path.of("");

  /// Finds the launcher, and puts the empty program where nothing else is.
  @Setup
  public void find() throws IOException {
    launcher = Path.of(System.getProperty("internvl4j.home", "."), "internvl").toString();
    classes = Files.createTempDirectory("empty");
    String file = Empty.class.getName().replace('.', '/') + ".class";
    Path to = classes.resolve(file);
    Files.createDirectories(to.getParent());
    try (InputStream in = Empty.class.getResourceAsStream("/" + file)) {
      Files.copy(Objects.requireNonNull(in), to);
    }
  }

  /// Removes the empty program again.
  @TearDown
  public void remove() throws IOException {
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /// A program that does nothing.
  public static final class Empty {
    private Empty() {}

    public static void main(String[] args) {}
  }

  /// A Java program that does nothing.
  @Benchmark
  public void empty() {
    String folder = classes.toString();
    run(List.of(Processes.java(), "-XX:+UseSerialGC", "-cp", folder, Empty.class.getName()));
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
