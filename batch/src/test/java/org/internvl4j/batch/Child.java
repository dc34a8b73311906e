package org.internvl4j.batch;

import java.nio.file.Path;
import java.util.List;

/// A batch in a process of its own, to be killed.
final class Child {
  private Child() {}

  /// What starts it.
  static List<String> command(Path pictures, Path out) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        "-XX:+UseSerialGC",
        "-cp",
        System.getProperty("java.class.path"),
        Child.class.getName(),
        pictures.toString(),
        out.toString());
  }

  public static void main(String[] args) throws Exception {
    Scenery.run(Path.of(args[0]), Path.of(args[1]), Task.Asking.of(Scenery.QUESTION));
  }
}
