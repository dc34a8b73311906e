package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.models.contrastive.ZeroShotPrompts;

/// What the classes of a head are called: its file has numbers alone.
final class ClassNames {
  private ClassNames() {}

  /// A JSON list, one of JSON lists by data set, or a name a line.
  static List<String> read(Path file, String dataset) throws IOException {
    return file.toString().endsWith(".json")
        ? ZeroShotPrompts.list(ContrastiveOptions.json(file), dataset)
        : ContrastiveOptions.lines(file);
  }

  /// @throws IllegalArgumentException if there are names, but not as many as classes
  static void require(List<String> names, int classes, Path head) {
    if (!names.isEmpty() && names.size() != classes) {
      throw new IllegalArgumentException(
          "--classes: has "
              + names.size()
              + " names, but "
              + head
              + " has "
              + classes
              + " classes");
    }
  }

  /// The name of a class, or its number.
  static String of(List<String> names, int index) {
    return names.isEmpty() ? "class " + index : names.get(index);
  }
}
