package org.internvl4j.bench;

import java.util.List;
import java.util.Map;
import org.internvl4j.testkit.ShapedCheckpoint;

/// What to type to measure something again, from the repository's root after `bench/run build`.
final class Commands {
  /// Flags of every measured process: those of the launcher.
  static final List<String> FLAGS =
      List.of(
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "-XX:+UseSerialGC",
          "-Xms48m",
          "-XX:TrimNativeHeapInterval=2000");

  private Commands() {}

  static String jmh(String benchmark, Map<String, String> params) {
    StringBuilder command = new StringBuilder("bench/run jmh ").append(benchmark);
    params.forEach((name, value) -> command.append(" -p ").append(name).append('=').append(value));
    return command.toString();
  }

  static String whereTimeGoes(ShapedCheckpoint.Model model, String piece) {
    return "bench/run where " + model + " " + piece;
  }
}
