package org.internvl4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.media.PictureOptions;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Question;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

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

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      converter = Pixels.class,
      description =
          "Most pixels of a picture file; 300M is 300 million. Default: 100M. Each takes 3 bytes or more.")
  long maxPixels = PictureOptions.DEFAULT.maxPixels();

  PictureOptions options() {
    return PictureOptions.DEFAULT.withOrientation(orient).withMaxPixels(maxPixels);
  }

  Picture read(Path file) {
    return Pictures.read(file, options());
  }

  /// The picture of a question: from a pipe, too, as shells make them.
  Picture asked(Path file) {
    PictureOptions options = options();
    if (!Files.exists(file) || Files.isRegularFile(file) || Files.isDirectory(file)) {
      return Pictures.read(file, options);
    }
    try (InputStream pipe = Files.newInputStream(file)) {
      byte[] bytes = pipe.readNBytes(Math.min(options.maxBytes(), Integer.MAX_VALUE - 9) + 1);
      return Pictures.read(bytes, file.toString(), options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Picture> asked(List<Path> files) {
    return files.stream().map(this::asked).toList();
  }

  Question limit(Question question) {
    return maxTiles == null ? question : question.withMaxTiles(requireMaxTiles(maxTiles));
  }

  Tiling limit(Tiling tiling) {
    return maxTiles == null ? tiling : tiling.withMaxTiles(requireMaxTiles(maxTiles));
  }

  /// A count, or millions: `300M`.
  static final class Pixels implements ITypeConverter<Long> {
    @Override
    public Long convert(String value) {
      long most = Integer.MAX_VALUE / 3; // the samples of a picture are one array
      Matcher m = Pattern.compile("(\\d{1,9})(M?)").matcher(value);
      long pixels = m.matches() ? Long.parseLong(m.group(1)) : 0;
      pixels *= m.matches() && !m.group(2).isEmpty() ? 1_000_000 : 1;
      if (pixels < 1 || pixels > most) {
        throw new TypeConversionException(
            "'%s' is not a number from 1 to %d, or up to %dM"
                .formatted(value, most, most / 1_000_000));
      }
      return pixels;
    }
  }

  static int requireMaxTiles(int maxTiles) {
    if (maxTiles < 1) {
      throw new UsageException("--max-tiles is " + maxTiles + ", expected at least 1");
    }
    return maxTiles;
  }
}
