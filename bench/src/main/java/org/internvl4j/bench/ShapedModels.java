package org.internvl4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.internvl4j.testkit.ShapedCheckpoint;

/// Checkpoints in true shapes with random weights, made where there are none yet.
final class ShapedModels {
  /// Where they are kept; `target/` unless said. 1.9 and 4.4 GB.
  private static final String FOLDER = "internvl4j.bench.models";

  private ShapedModels() {}

  /// The folder of a model.
  static Path folder(ShapedCheckpoint.Model model) {
    Path root = Path.of(System.getProperty(FOLDER, "target"));
    Path folder = root.resolve(model.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    if (!Files.exists(folder.resolve("model.safetensors"))) {
      make(model, folder);
    }
    return folder;
  }

  /// Under another name until complete: whoever is stopped leaves nothing that looks whole.
  private static void make(ShapedCheckpoint.Model model, Path folder) {
    Path partial = folder.resolveSibling(folder.getFileName() + ".partial");
    try {
      ShapedCheckpoint.random(model, partial);
      Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
