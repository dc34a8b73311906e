package org.internvl4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// The version of this project, as the build wrote it beside the classes.
final class ProjectVersion {
  /// `0.1.0`
  static final String TEXT = read();

  private ProjectVersion() {}

  private static String read() {
    try (InputStream in = ProjectVersion.class.getResourceAsStream("version.txt")) {
      if (in == null) {
        throw new AssertionError("server: the jar lacks version.txt");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("server: version.txt cannot be read from its jar", e);
    }
  }
}
