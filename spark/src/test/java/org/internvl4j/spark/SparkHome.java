package org.internvl4j.spark;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A distribution of Spark, as far as tests need one: the jars of this test's class path and
/// `bin/spark-submit`.
final class SparkHome {
  private static final String OURS = "internvl4j";
  private static final Set<String> FOR_TESTS = Set.of("demo", "testkit");

  /// What the module brings beside itself.
  private static final List<String> BROUGHT = List.of("/tools/jackson/", "/com/twelvemonkeys/");

  private SparkHome() {}

  /// Makes it, or makes it anew, where builds lie.
  static Path make() throws IOException {
    Path home = Path.of("target/spark-home").toAbsolutePath();
    Path jars = Files.createDirectories(home.resolve("jars"));
    try (Stream<Path> old = Files.list(jars)) {
      for (Path jar : old.toList()) {
        Files.delete(jar);
      }
    }
    for (Path entry : classPath()) {
      if (isJar(entry) && !isOurs(entry) && !isBrought(entry)) {
        Files.createSymbolicLink(jars.resolve(entry.getFileName()), entry);
      }
    }
    Path submit = Files.createDirectories(home.resolve("bin")).resolve("spark-submit");
    Files.writeString(submit, script(home));
    Files.setPosixFilePermissions(submit, PosixFilePermissions.fromString("rwx------"));
    return home;
  }

  /// As Spark's own does it: its launcher writes the command behind a zero byte and a line's end,
  /// each argument with a zero byte.
  private static String script(Path home) {
    return """
    #!/usr/bin/env bash
    export SPARK_HOME='%s' SPARK_SCALA_VERSION=2.13
    command=()
    while IFS= read -d '' -r argument; do
      command+=("$argument")
    done < <('%s' -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main \\
      org.apache.spark.deploy.SparkSubmit "$@" | tail -n +2)
    [ ${#command[@]} -gt 0 ] && exec "${command[@]}"
    """
        .formatted(home, java());
  }

  /// The module and what it brings, as jars: what `--packages` would fetch.
  ///
  /// @param folder for those that are not packed yet
  static List<Path> packages(Path folder) throws IOException {
    Files.createDirectories(folder);
    List<Path> jars = new ArrayList<>();
    for (Path entry : classPath()) {
      if (isBrought(entry)) {
        jars.add(entry);
      } else if (isJar(entry) && isOurs(entry)) {
        jars.add(entry);
      } else if (entry.endsWith("target/classes")) {
        Path module = entry.resolve("../..").normalize().getFileName();
        Path jar = folder.resolve(OURS + "-" + module + ".jar");
        Archive.of(entry, jar);
        jars.add(jar);
      }
    }
    jars.removeIf(jar -> FOR_TESTS.stream().anyMatch(jar.getFileName().toString()::contains));
    return jars;
  }

  private static List<Path> classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .map(entry -> Path.of(entry).toAbsolutePath())
        .toList();
  }

  private static boolean isJar(Path entry) {
    return entry.toString().endsWith(".jar");
  }

  private static boolean isOurs(Path entry) {
    return entry.getFileName().toString().startsWith(OURS);
  }

  private static boolean isBrought(Path entry) {
    return BROUGHT.stream().anyMatch(entry.toString()::contains);
  }

  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }
}
