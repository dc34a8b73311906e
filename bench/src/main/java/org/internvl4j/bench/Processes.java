package org.internvl4j.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Programs of this jar in processes of their own.
final class Processes {
  private Processes() {}

  /// The command that starts this very Java.
  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /// The command line of a program on this class path, with the flags of measured processes.
  static List<String> java(List<String> flags, String main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java());
    command.addAll(flags);
    for (String property : List.of("internvl4j.home", "internvl4j.bench.models")) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(arguments);
    return command;
  }

  /// Runs a program to its end; what it prints is appended to `log`.
  ///
  /// @return its exit code
  static int run(Class<?> main, List<String> arguments, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(java(Commands.FLAGS, main.getName(), arguments))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    try {
      return builder.start().waitFor();
    } catch (InterruptedException e) {
      throw new IllegalStateException("bench: interrupted", e);
    }
  }
}
