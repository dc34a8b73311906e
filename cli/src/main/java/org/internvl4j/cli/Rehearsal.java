package org.internvl4j.cli;

import java.util.List;

/// Runs what people run, for the eyes of the JVM alone: the launcher's build lets it write down
/// which classes that took and how they were used (an AOT cache, JEP 483 and 515).
final class Rehearsal {
  static final List<List<String>> READING =
      List.of(
          List.of("--version"),
          List.of("--help"),
          List.of("ask", "--help"),
          List.of("show", "-m", "demo"),
          List.of("tokenize", "-m", "demo", "What is in the picture?"),
          List.of("demo"));
  static final List<List<String>> COMPUTING =
      List.of(List.of("doctor"), List.of("demo", "--device", "cpu"), List.of("demo"));

  private Rehearsal() {}

  /// Runs the commands that compute with vectors if the Vector API is there, else the others.
  public static void main(String[] none) {
    boolean computing = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    for (List<String> command : computing ? COMPUTING : READING) {
      if (Main.run(Console.nobody(), command.toArray(String[]::new)) != ExitCodes.OK) {
        throw new AssertionError("rehearsal: " + String.join(" ", command) + " failed");
      }
    }
  }
}
