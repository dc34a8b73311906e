package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Pictures of every format and mode against what Pillow 12.3.0 made of them (`make.py` beside
/// them).
class PillowTest {
  static final Path FOLDER = Fixtures.home().resolve("media/src/test/resources/pictures");

  record Line(String file, int width, int height, String sha256, String turned) {
    static Line of(String line) {
      String[] f = line.split("\t", -1);
      return new Line(f[0], Integer.parseInt(f[2]), Integer.parseInt(f[3]), f[4], f[5]);
    }

    @Override
    public String toString() {
      return file;
    }
  }

  static Stream<Line> lines() throws IOException {
    return Files.readAllLines(FOLDER.resolve("pillow.tsv")).stream().map(Line::of);
  }

  static Stream<Line> turned() throws IOException {
    return lines().filter(line -> !line.turned().equals("-"));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void readsTheSameBytesAsPillow(Line line) {
    Picture picture = Pictures.read(FOLDER.resolve(line.file()));
    assertThat(picture).hasToString("picture of %d x %d".formatted(line.width(), line.height()));
    assertThat(picture.sha256()).isEqualTo(line.sha256());
  }

  @ParameterizedTest
  @MethodSource("turned")
  void turnsUprightAsPillowDoes(Line line) {
    PictureOptions upright = PictureOptions.DEFAULT.withOrientation(true);
    Picture picture = Pictures.read(FOLDER.resolve(line.file()), upright);
    assertThat(picture.sha256()).isEqualTo(line.turned());
  }
}
