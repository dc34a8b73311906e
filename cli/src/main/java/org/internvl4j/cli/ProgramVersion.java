package org.internvl4j.cli;

import java.util.List;

/// The version of the program, the JDK and the machine.
final class ProgramVersion {
  private ProgramVersion() {}

  static List<String> lines() {
    String version = Main.class.getPackage().getImplementationVersion();
    return List.of(
        "internvl " + (version == null ? "(not packaged)" : version),
        "Java "
            + Runtime.version()
            + ", "
            + System.getProperty("os.name")
            + " "
            + System.getProperty("os.arch"));
  }
}
