package org.internvl4j.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.cli.Console.Stream;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Assumptions;

/// Runs commands in this JVM and keeps what they write.
final class Cli {
  /// What a command left.
  record Result(int code, String out, String err) {
    /// The lines on stdout.
    List<String> lines() {
      return out.lines().toList();
    }
  }

  private Cli() {}

  static Result run(String... arguments) {
    return withInput("", arguments);
  }

  static Result withInput(String input, String... arguments) {
    return run(input, Set.of(), Map.of(), arguments);
  }

  static Result within(Map<String, String> environment, String... arguments) {
    return run("", Set.of(), environment, arguments);
  }

  static Result onTerminal(Map<String, String> environment, String... arguments) {
    return run("", Set.of(Stream.OUT, Stream.ERR), environment, arguments);
  }

  /// At a terminal, where somebody types `input`.
  static Result answering(String input, Map<String, String> environment, String... arguments) {
    return run(input, Set.of(Stream.values()), environment, arguments);
  }

  private static Result run(
      String input, Set<Stream> terminals, Map<String, String> environment, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            out,
            err,
            terminals,
            environment);
    int code = Main.run(console, arguments);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /// Runs a command as a process of its own, in a folder that keeps what it writes meanwhile.
  static Result start(Path folder, List<String> command) throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    int code = process.waitFor();
    return new Result(code, Files.readString(out), Files.readString(err));
  }

  /// A picture of the demo's samples: `shapes.png`.
  static String sample(String name) {
    return Fixtures.home()
        .resolve("demo/src/main/resources/org/internvl4j/demo/samples")
        .resolve(name)
        .toString();
  }

  /// A checkpoint of the fixtures.
  static Path fixture(String name) {
    return Fixtures.folder(name);
  }

  /// Real data of others beside the checkout; skips the test where it is absent.
  static Path real(String name) {
    Path folder = Fixtures.real(name);
    Assumptions.assumeTrue(Files.isDirectory(folder), "no real data in " + folder);
    return folder;
  }
}
