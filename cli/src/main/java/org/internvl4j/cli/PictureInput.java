package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Question;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How pictures are read and cut.
final class PictureInput {
  @Option(
      names = "--max-tiles",
      paramLabel = "N",
      description =
          "Most tiles a picture, its thumbnail not counted; fewer are faster and see less. Default: the model's.")
  @Nullable Integer maxTiles;

  @Option(
      names = "--orient",
      description = "Turn pictures as their EXIF data says; the reference implementation does not.")
  boolean orient;

  Picture read(Path file) {
    return Pictures.read(file, PictureOptions.DEFAULT.withOrientation(orient));
  }

  List<Picture> read(List<Path> files) {
    return files.stream().map(this::read).toList();
  }

  Question limit(Question question) {
    return maxTiles == null ? question : question.withMaxTiles(requireMaxTiles(maxTiles));
  }

  static int requireMaxTiles(int maxTiles) {
    if (maxTiles < 1) {
      throw new UsageException("--max-tiles is " + maxTiles + ", expected at least 1");
    }
    return maxTiles;
  }
}
