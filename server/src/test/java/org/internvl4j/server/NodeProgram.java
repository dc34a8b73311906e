package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// A program of `src/test/js`, with the packages of its lock file, which are installed once.
final class NodeProgram {
  private static final Path SOURCES = Path.of("src/test/js");
  private static final Path HOME = Path.of("target/js");
  private static final List<String> FILES =
      List.of("package.json", "package-lock.json", "cases.mjs");

  /// What became of a case.
  ///
  /// @param failure null for none
  record Result(String name, @Nullable String failure) {}

  private NodeProgram() {}

  /// Skips the test where no node is, or where its packages cannot be had.
  static void assume() throws Exception {
    assumeTrue(isThere("node") && isThere("npm"), "no node with npm here");
    Files.createDirectories(HOME);
    Path lock = HOME.resolve("package-lock.json");
    boolean isInstalled =
        Files.exists(HOME.resolve("node_modules"))
            && Files.exists(lock)
            && Files.mismatch(lock, SOURCES.resolve("package-lock.json")) < 0;
    for (String file : FILES) {
      copy(file);
    }
    if (!isInstalled) {
      Process install = start("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts");
      String said = text(install);
      assumeTrue(install.waitFor() == 0, "npm cannot install the clients: " + said);
    }
  }

  /// @param given what it is told, JSON
  static List<Result> run(String program, String given) throws Exception {
    copy(program);
    Path file = Files.createTempFile("given", ".json");
    try {
      Files.writeString(file, given);
      Process node = start("node", program, file.toString());
      String said = text(node);
      assertThat(node.waitFor()).as(said).isZero();
      return said.lines()
          .filter(line -> line.startsWith("{\"name\""))
          .map(NodeProgram::result)
          .toList();
    } finally {
      Files.delete(file);
    }
  }

  private static Result result(String line) {
    Json json = Client.json(line);
    Json failure = json.find("failure"); // null is as good as nothing
    return new Result(json.getText("name"), failure == null ? null : failure.asText());
  }

  private static Process start(String... command) throws IOException {
    return new ProcessBuilder(command).directory(HOME.toFile()).redirectErrorStream(true).start();
  }

  private static String text(Process process) throws IOException {
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void copy(String file) throws IOException {
    Files.copy(SOURCES.resolve(file), HOME.resolve(file), StandardCopyOption.REPLACE_EXISTING);
  }

  private static boolean isThere(String program) {
    return Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
