package org.internvl4j.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.internvl4j.models.grounding.Box;
import org.internvl4j.models.grounding.Region;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OverlayTest {
  private static final int RED = 0xff4040;
  private static final int GREEN = 0x00c853;
  private static final int BLACK = 0;
  private static final int WHITE = 0xffffff;

  /// Noise without the colours that are looked for.
  private static Picture noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(5).nextBytes(rgb);
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (100 + (rgb[i] & 63));
    }
    return Picture.ofRgb(width, height, rgb);
  }

  private static Picture plain(int width, int height, int level) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) level);
    return Picture.ofRgb(width, height, rgb);
  }

  private static int at(Picture picture, int x, int y) {
    int at = 3 * (y * picture.width() + x);
    return ((picture.samples().get(at) & 255) << 16)
        | ((picture.samples().get(at + 1) & 255) << 8)
        | (picture.samples().get(at + 2) & 255);
  }

  private static Region region(String label, Box... boxes) {
    return new Region(label, List.of(boxes));
  }

  /// Rings from the edge inwards: black, the colour, white; all else is the picture.
  @ParameterizedTest
  @CsvSource({"300, 200, 1, 2", "200, 1000, 2, 6", "1280, 64, 2, 8"})
  void linesFollowTheEdgesOfABoxAndNothingElseChanges(int width, int height, int rim, int line) {
    Picture before = noise(width, height);
    Box box = new Box(250, 100, 755, 903);
    Box.Pixels p = box.on(width, height);
    Picture after = Overlay.draw(before, List.of(region("", box)));
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int depth =
            IntStream.of(x - p.left(), p.right() - 1 - x, y - p.top(), p.bottom() - 1 - y)
                .min()
                .getAsInt();
        int expected =
            depth < 0 || depth >= 2 * rim + line
                ? at(before, x, y)
                : depth < rim ? BLACK : depth < rim + line ? RED : WHITE;
        assertThat(at(after, x, y)).as("at (%d, %d)", x, y).isEqualTo(expected);
      }
    }
  }

  @Test
  void aPictureWithoutRegionsStaysAsItIs() {
    assertThat(Overlay.draw(noise(40, 30), List.of())).isEqualTo(noise(40, 30));
  }

  @Test
  void aLabelHasOneColourAndAnotherLabelAnother() {
    Picture drawn =
        Overlay.draw(
            noise(400, 400),
            List.of(
                region("a", new Box(100, 300, 200, 400), new Box(300, 300, 400, 400)),
                region("b", new Box(500, 300, 600, 400)),
                region("a", new Box(700, 300, 800, 400))));
    assertThat(List.of(at(drawn, 41, 140), at(drawn, 121, 140), at(drawn, 281, 140)))
        .containsOnly(RED);
    assertThat(at(drawn, 201, 140)).isEqualTo(GREEN);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "1, 5", "3, 3", "9, 2"})
  void theSmallestBoxesStillShowTheirColour(int width, int height) {
    Picture drawn =
        Overlay.draw(noise(64, 64), List.of(region("", box(20, 30, width, height, 64))));
    assertThat(colours(drawn, 20, 30, width, height)).contains(RED);
    assertThat(Overlay.draw(noise(1, 1), List.of(region("a", new Box(0, 0, 0, 0)))))
        .satisfies(one -> assertThat(at(one, 0, 0)).isEqualTo(RED));
  }

  /// The box that is these pixels of a picture with sides of `side`.
  private static Box box(int x, int y, int width, int height, int side) {
    Box box =
        new Box(
            Math.ceilDiv(1000 * x, side),
            Math.ceilDiv(1000 * y, side),
            1000 * (x + width) / side,
            1000 * (y + height) / side);
    assertThat(box.on(side, side)).isEqualTo(new Box.Pixels(x, y, x + width, y + height));
    return box;
  }

  private static Set<Integer> colours(Picture picture, int x, int y, int width, int height) {
    return IntStream.range(0, width * height)
        .mapToObj(i -> at(picture, x + i % width, y + i / width))
        .collect(Collectors.toSet());
  }

  /// Whatever lies behind, one of the three lines differs from it by more than a third of the
  /// range.
  @ParameterizedTest
  @ValueSource(ints = {0, 60, 127, 190, 255})
  void linesAreSeenOnAnyGround(int level) {
    Picture drawn =
        Overlay.draw(plain(100, 100, level), List.of(region("", new Box(0, 0, 999, 999))));
    assertThat(
            IntStream.range(0, 4)
                .map(x -> Math.abs((at(drawn, x, 50) >> 8 & 255) - level))
                .max()
                .getAsInt())
        .isGreaterThan(85);
  }

  @Test
  void labelsStandAboveTheirBoxes() {
    assumeTrue(Overlay.hasFont(), "Java finds no font on this machine");
    Picture before = noise(448, 448);
    Box box = new Box(250, 500, 500, 750);
    Picture drawn = Overlay.draw(before, List.of(region("cat", box)));
    Box.Pixels p = box.on(448, 448);
    assertThat(at(drawn, p.left(), p.top() - 1)).isEqualTo(RED);
    assertThat(colours(drawn, p.left(), p.top() - 12, 30, 12)).contains(RED, WHITE);
    assertThat(at(drawn, p.left(), p.top() - 40)).isEqualTo(at(before, p.left(), p.top() - 40));
    assertThat(at(drawn, p.right() - 1, p.top() - 5))
        .isEqualTo(at(before, p.right() - 1, p.top() - 5));
  }

  @Test
  void labelsWithoutRoomAboveOrBesideAreMovedIntoThePicture() {
    assumeTrue(Overlay.hasFont(), "Java finds no font on this machine");
    Picture drawn =
        Overlay.draw(noise(200, 200), List.of(region("a wide label", new Box(900, 0, 1000, 500))));
    assertThat(colours(drawn, 150, 0, 25, 12)).contains(RED, WHITE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a label that is much longer than the picture is wide, and then some more of it",
        "红色圆形",
        "\u202eright to left \u05d0\u05d1",
        "a\nb\tc\u0000d",
        "half \ud83d",
        "👩‍👩‍👧",
        "\u2028",
        " "
      })
  void anyLabelIsDrawnInsideThePictureOrNotAtAll(String label) {
    Picture before = noise(90, 60);
    for (Box box : List.of(new Box(0, 0, 100, 100), new Box(900, 900, 1000, 1000))) {
      Picture drawn = Overlay.draw(before, List.of(region(label, box)));
      assertThat(drawn.width()).isEqualTo(90);
      assertThat(drawn).isNotEqualTo(before);
    }
    assertThat(
            Overlay.draw(noise(3, 2), List.of(region(label, new Box(0, 0, 1000, 1000)))).height())
        .isEqualTo(2);
  }

  @Test
  void aLongLabelIsCutWithinItsPlate() {
    assumeTrue(Overlay.hasFont(), "Java finds no font on this machine");
    Picture before = noise(448, 448);
    String label = "word ".repeat(100_000);
    Picture drawn = Overlay.draw(before, List.of(region(label, new Box(0, 500, 200, 750))));
    assertThat(colours(drawn, 400, 212, 48, 12)).contains(RED);
    assertThat(at(drawn, 440, 190)).isEqualTo(at(before, 440, 190));
  }
}
