package org.internvl4j.spark;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/// A folder's files in one.
final class Archive {
  private Archive() {}

  static void of(Path folder, Path archive) throws IOException {
    try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"));
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path entry = zip.getPath("/" + folder.relativize(file));
        Files.createDirectories(entry.getParent());
        Files.copy(file, entry);
      }
    }
  }
}
