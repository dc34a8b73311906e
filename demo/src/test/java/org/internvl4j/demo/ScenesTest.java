package org.internvl4j.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.demo.Scenes.QuestionAnswer;
import org.internvl4j.demo.Scenes.Scene;
import org.internvl4j.demo.ScenesWorld.Colour;
import org.internvl4j.models.image.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScenesTest {
  private static final Pattern BOX =
      Pattern.compile("the (\\w+) \\w+\\[\\[(\\d+), (\\d+), (\\d+), (\\d+)]]");

  private static final Pattern NAME =
      Pattern.compile("\\w+ (circle|square|triangle|star|diamond|cross)");

  private static Matcher box(Scene scene) {
    return scene.questions().stream()
        .map(qa -> BOX.matcher(qa.answer()))
        .filter(Matcher::matches)
        .findFirst()
        .orElseThrow();
  }

  private static boolean isColour(int rgb, String name) {
    Colour colour = Colour.valueOf(name.toUpperCase(Locale.ROOT));
    return Math.abs((rgb >> 16 & 255) - colour.red) <= 14
        && Math.abs((rgb >> 8 & 255) - colour.green) <= 14
        && Math.abs((rgb & 255) - colour.blue) <= 14;
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
  void theBoxHoldsAllPixelsOfTheShapeItNames(long seed) {
    Scene scene = Scenes.shapes(seed);
    Matcher box = box(scene);
    int side = scene.image().getWidth();
    int left = side;
    int top = side;
    int right = 0;
    int bottom = 0;
    int x0 = Integer.parseInt(box.group(2));
    int y0 = Integer.parseInt(box.group(3));
    int x1 = Integer.parseInt(box.group(4));
    int y1 = Integer.parseInt(box.group(5));
    for (int y = Math.max(0, y0 - 30) * side / 1000;
        y < Math.min(1000, y1 + 30) * side / 1000;
        y++) {
      for (int x = Math.max(0, x0 - 30) * side / 1000;
          x < Math.min(1000, x1 + 30) * side / 1000;
          x++) {
        if (isColour(scene.image().getRGB(x, y), box.group(1))) {
          left = Math.min(left, x);
          top = Math.min(top, y);
          right = Math.max(right, x + 1);
          bottom = Math.max(bottom, y + 1);
        }
      }
    }
    int slack = 10 + 3000 / side; // half a step of rounding, and the smoothed edge
    assertThat(1000 * left / side).isBetween(x0 - slack, x0 + slack);
    assertThat(1000 * top / side).isBetween(y0 - slack, y0 + slack);
    assertThat(1000 * right / side).isBetween(x1 - slack, x1 + slack);
    assertThat(1000 * bottom / side).isBetween(y1 - slack, y1 + slack);
  }

  @Test
  void sameSeedSameSceneOtherSeedOtherScene() {
    Set<String> digests = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      Scene scene = Scenes.random(seed);
      assertThat(Scenes.random(seed).picture()).isEqualTo(scene.picture());
      assertThat(Scenes.random(seed).questions()).isEqualTo(scene.questions());
      digests.add(scene.picture().digest());
    }
    assertThat(digests).hasSize(20);
  }

  @Test
  void answersAgreeWithEachOther() {
    for (long seed = 0; seed < 60; seed++) {
      List<QuestionAnswer> questions = Scenes.shapes(seed).questions();
      String description = questions.getFirst().answer();
      long count = NAME.matcher(description).results().count();
      assertThat(questions)
          .extracting(QuestionAnswer::answer)
          .contains(count == 1 ? "There is 1 shape." : "There are " + count + " shapes.");
      for (QuestionAnswer qa : questions) {
        if (qa.answer().startsWith("Yes, there is ")) {
          String name = NAME.matcher(qa.answer()).results().findFirst().orElseThrow().group();
          assertThat(description).contains(name);
          assertThat(qa.question()).isEqualTo("Is there a " + name + "?");
        } else if (qa.answer().startsWith("No, there is no ")) {
          String name = NAME.matcher(qa.answer()).results().findFirst().orElseThrow().group();
          assertThat(description).doesNotContain(name);
        }
      }
    }
  }

  @Test
  void numbersAreDrawnWhereTheFontIs() {
    assumeTrue(!ScenesPainter.fonts().isEmpty(), "DejaVu Sans is not installed");
    Scene scene = Scenes.number(4);
    assertThat(scene.questions().getFirst().answer()).matches("The number is \\d{1,3}\\.");
    Set<Integer> colours = new HashSet<>();
    for (int x = 0; x < 448; x++) {
      colours.add(scene.image().getRGB(x, 224));
    }
    assertThat(colours.size()).isGreaterThan(1);
  }

  @Test
  void pairsShareAtMostOneShape() {
    int common = 0;
    for (long seed = 0; seed < 40; seed++) {
      Scene scene = Scenes.pair(seed);
      assertThat(scene.pictures()).hasSize(2);
      String answer = scene.questions().get(1).answer();
      assertThat(answer).matches("Image-1 has .* (Both show a .*|They have no shape in common)\\.");
      common += answer.contains("Both") ? 1 : 0;
    }
    assertThat(common).isBetween(8, 32);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void clipsMoveAsTheySay(long seed) {
    Scene scene = Scenes.clip(seed);
    assertThat(scene.maxTiles()).isEqualTo(1);
    double[] first = middle(scene.pictures().getFirst());
    double[] last = middle(scene.pictures().getLast());
    String motion =
        Math.abs(last[0] - first[0]) > 20
            ? last[0] > first[0] ? "moving to the right" : "moving to the left"
            : Math.abs(last[1] - first[1]) > 20
                ? last[1] > first[1] ? "moving down" : "moving up"
                : "not moving";
    assertThat(scene.questions().getFirst().answer()).endsWith(" is " + motion + ".");
    assertThat(scene.questions().getFirst().question())
        .contains("Frame" + scene.images().size() + ": <image>\n");
  }

  /// The mean place of all pixels that are not paper.
  private static double[] middle(Picture picture) {
    byte[] rgb = picture.rgb();
    double x = 0;
    double y = 0;
    int n = 0;
    for (int i = 0; i < rgb.length; i += 3) {
      if (rgb[i] != rgb[0] || rgb[i + 1] != rgb[1] || rgb[i + 2] != rgb[2]) {
        int pixel = i / 3;
        x += pixel % picture.width();
        int row = pixel / picture.width();
        y += row;
        n++;
      }
    }
    return new double[] {x / n, y / n};
  }
}
