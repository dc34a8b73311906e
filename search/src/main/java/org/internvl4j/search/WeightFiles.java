package org.internvl4j.search;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.internvl4j.loader.Checkpoint;

/// What can be seen of a model's weights without reading them.
final class WeightFiles {
  private WeightFiles() {}

  /// The names, sizes and times of change of the files of weights, in a line: what is compared
  /// before weights are read.
  ///
  /// @return empty for a checkpoint in memory
  static String stamp(Checkpoint checkpoint) throws IOException {
    Path folder = checkpoint.folder();
    if (folder == null) {
      return "";
    }
    StringBuilder line = new StringBuilder();
    for (String name : checkpoint.files()) {
      if (name.endsWith(".safetensors") || name.endsWith(".bin")) {
        Path file = folder.resolve(name);
        line.append("%s %d %s;".formatted(name, Files.size(file), Files.getLastModifiedTime(file)));
      }
    }
    return line.toString();
  }
}
