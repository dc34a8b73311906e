package org.internvl4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// A model that puts pictures and texts into one space, and how pictures go into it.
final class ContrastiveOptions {
  @Mixin final ModelOptions model = new ModelOptions();
  @Mixin final PictureInput pictures = new PictureInput();

  @Option(
      names = "--mode",
      defaultValue = "c",
      paramLabel = "MODE",
      description = "c (default): what the tower sees; g: and what QLLaMA finds in it, slower.")
  ContrastiveModel.Mode mode = ContrastiveModel.Mode.C;

  /// Opens the model; the caller closes it.
  ContrastiveModel open(Console console) {
    Logging.to(console);
    OpenOptions options = model.openOptions(console);
    return ContrastiveModel.open(model.checkpoint(console), options);
  }

  /// Features by name.
  ///
  /// @param found of pictures that could be read
  /// @param code what reading the others ends with
  record Seen(SequencedMap<String, float[]> found, int code) {
    List<String> names() {
      return List.copyOf(found.keySet());
    }

    List<float[]> features() {
      return List.copyOf(found.values());
    }
  }

  /// Looks at pictures; one that cannot be read is told and left out.
  ///
  /// @param squeezed whether all of a picture goes in, else its middle
  Seen see(ContrastiveModel model, Map<String, Path> files, boolean squeezed, Console console) {
    SequencedMap<String, float[]> found = new LinkedHashMap<>();
    Progress progress = new Progress(console);
    int code = ExitCodes.OK;
    int done = 0;
    for (Map.Entry<String, Path> file : files.entrySet()) {
      try {
        Picture picture = pictures.read(file.getValue());
        Tiles tiles = squeezed ? model.squeezed(picture) : model.cropped(picture);
        found.put(file.getKey(), model.imageFeatures(tiles, mode).getFirst());
      } catch (PictureException e) {
        progress.clear();
        code = ExitCodes.of(e, console);
      }
      progress.show("looking at pictures", ++done, files.size());
    }
    progress.clear();
    return new Seen(found, code);
  }

  /// Lines of a text file, or its JSON.
  static Json json(Path file) throws IOException {
    return Json.parse(Files.readAllBytes(file), file.toString());
  }

  /// Lines that are not blank.
  static List<String> lines(Path file) throws IOException {
    return Files.readAllLines(file, StandardCharsets.UTF_8).stream()
        .filter(line -> !line.isBlank())
        .map(String::strip)
        .toList();
  }
}
