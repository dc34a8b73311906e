package org.internvl4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.internvl4j.media.Pictures;

/// The pictures that a command is about: files, all pictures of folders, or a list on stdin.
final class PictureFiles {
  private static final String STDIN = "-";

  private PictureFiles() {}

  /// The files, by the names that results get: as they were named, or as they are found below a
  /// folder that was, sorted. A second one of a name gets a number.
  ///
  /// @param named files, folders, or `-` for one path a line on stdin
  /// @throws IOException if a folder cannot be read
  /// @throws UsageException if there is none
  static Map<String, Path> of(List<Path> named, Console console) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path path : named) {
      if (path.toString().equals(STDIN)) {
        files.addAll(listed(console));
      } else {
        files.addAll(Files.isDirectory(path) ? below(path) : List.of(path));
      }
    }
    Map<String, Path> byName = new LinkedHashMap<>();
    for (Path file : files) {
      String name = file.toString();
      for (int i = 2; byName.putIfAbsent(name, file) != null; i++) {
        name = file + "#" + i;
      }
    }
    if (byName.isEmpty()) {
      throw new UsageException(
          "no pictures in " + String.join(", ", named.stream().map(Path::toString).toList()));
    }
    return byName;
  }

  private static List<Path> listed(Console console) throws IOException {
    List<Path> files = new ArrayList<>();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (!line.isBlank()) {
        files.add(Path.of(line.strip()));
      }
    }
    return files;
  }

  private static List<Path> below(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> Pictures.hasPictureName(file) && Files.isRegularFile(file))
          .sorted()
          .toList();
    }
  }
}
