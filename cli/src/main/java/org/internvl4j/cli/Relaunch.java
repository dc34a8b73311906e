package org.internvl4j.cli;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jline.utils.Signals;

/// Starts this program once more with the JVM flags that `java -jar` cannot carry. The only place
/// that starts a process.
final class Relaunch {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";
  private static final String RELAUNCHED = "internvl4j.relaunched";

  private Relaunch() {}

  /// Whether the Vector API is missing though this JVM was not started for it.
  static boolean isNeeded() {
    return ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()
        && !Boolean.getBoolean(RELAUNCHED)
        && !classPath().isEmpty();
  }

  /// Runs the program in a child process with all flags and waits for it.
  ///
  /// @return its exit code
  static int run(String... arguments) {
    Signals.register("INT", () -> {}); // Ctrl-C is the child's business; it may go on after it
    try {
      Process child = new ProcessBuilder(command(arguments)).inheritIO().start();
      Runtime.getRuntime().addShutdownHook(new Thread(child::destroy));
      return child.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCodes.CANCELLED;
    }
  }

  static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("--add-modules=" + VECTOR_MODULE);
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-D" + RELAUNCHED + "=true");
    command.add("-cp");
    command.add(String.join(File.pathSeparator, classPath()));
    command.add(Main.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /// The entries of the class path, absolute; none on the module path.
  private static List<String> classPath() {
    return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
        .splitAsStream(System.getProperty("java.class.path", ""))
        .filter(entry -> !entry.isEmpty())
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .toList();
  }
}
