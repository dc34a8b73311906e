package org.internvl4j.media.pdf;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// PDF files of the tests of Apache Tika, from the jar on the class path.
final class TikaFiles {
  private TikaFiles() {}

  static Path file(String name, Path folder) {
    String resource = "/test-documents/" + name;
    try (InputStream in =
        Objects.requireNonNull(TikaFiles.class.getResourceAsStream(resource), resource)) {
      Path file = folder.resolve(name);
      Files.copy(in, file);
      return file;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
