package org.internvl4j.media.video;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Assumptions;

/// The clips of the tests, and what FFmpeg makes of them.
final class Clips {
  static final Path FOLDER = Fixtures.home().resolve("media-video/src/test/resources/clips");
  static final List<String> OURS =
      List.of(
          "reordered.mp4",
          "slices.mp4",
          "unfiltered.mp4",
          "turned.mp4",
          "edited.mp4",
          "baseline.mp4",
          "main.mp4");
  static final List<String> REAL = List.of("cup.mp4", "box.mp4");
  private static final Path DEBIAN = Path.of("/usr/share/doc/opencv-doc/opencv4/html");

  private Clips() {}

  static Path ours(String name) {
    return FOLDER.resolve(name);
  }

  /// A clip of Debian's `opencv-doc`, where it lies or beside the checkout; else the test is
  /// skipped.
  static Path real(String name, Path folder) {
    Path packed = DEBIAN.resolve(name + ".gz");
    Path beside = Fixtures.real("video").resolve(name);
    if (Files.exists(packed)) {
      Path unpacked = folder.resolve(name);
      try (InputStream in = new GZIPInputStream(Files.newInputStream(packed))) {
        Files.copy(in, unpacked);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return unpacked;
    }
    Assumptions.assumeTrue(
        Files.exists(beside), "neither Debian's opencv-doc is here nor " + beside);
    return beside;
  }

  /// The MD5 of the planes of each frame.
  static List<String> sums(String name) {
    return rows("ffmpeg.tsv").stream()
        .filter(row -> row.getFirst().equals(name))
        .map(row -> row.get(2))
        .toList();
  }

  /// What the reference takes of clips: file, frames, frames a second, indices of frames.
  static List<List<String>> sampled() {
    return rows("sampled.tsv");
  }

  private static List<List<String>> rows(String table) {
    try {
      return Files.readAllLines(FOLDER.resolve(table)).stream()
          .map(line -> List.of(line.split("\t", -1)))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
