package org.internvl4j.demo;

import java.awt.Font;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.internvl4j.demo.ScenesPainter.Stain;
import org.internvl4j.demo.ScenesWorld.Colour;
import org.internvl4j.demo.ScenesWorld.Figure;
import org.internvl4j.demo.ScenesWorld.Form;
import org.internvl4j.demo.ScenesWorld.Place;
import org.internvl4j.demo.ScenesWorld.Size;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;

/// New pictures of the demo model's world, drawn at random, with questions and their right answers:
/// coloured shapes in the cells of a 3 x 3 grid, a number, two pictures, or a short clip.
///
/// The same seed gives the same scene; a machine without the font of the numbers draws shapes in
/// their stead. May be called by many threads.
public final class Scenes {
  private static final int SIDE = 448;
  private static final double ONE_IN_FIVE = 0.2;
  private static final double ONE_IN_TEN = 0.1;
  private static final double WOBBLE = 0.03;
  private static final int SHADE = 14;

  private Scenes() {}

  /// A question and its right answer, grounding marks left out as the reference's `chat()` does.
  ///
  /// @param question for pairs and clips with the marks `<image>`, for one picture without
  public record QuestionAnswer(String question, String answer) {}

  /// Pictures with questions about them.
  ///
  /// @param images one, two to compare, or the frames of a clip
  /// @param maxTiles most tiles a picture may take: 1 for frames, else 12
  /// @param questions each can be asked alone
  public record Scene(List<BufferedImage> images, int maxTiles, List<QuestionAnswer> questions) {
    /// @throws IllegalArgumentException if there is no image
    public Scene {
      images = List.copyOf(images);
      questions = List.copyOf(questions);
      if (images.isEmpty()) {
        throw new IllegalArgumentException("scene: expected at least one image, found none");
      }
    }

    /// The first or only image.
    public BufferedImage image() {
      return images.getFirst();
    }

    /// The first or only image as a picture.
    public Picture picture() {
      return Pictures.of(image());
    }

    /// All images as pictures.
    public List<Picture> pictures() {
      return images.stream().map(Pictures::of).toList();
    }
  }

  /// One picture: most often one to four shapes, else a number; some are 896 pixels a side.
  public static Scene random(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    boolean number = random.nextDouble() < ONE_IN_FIVE;
    return number ? number(seed) : shapes(seed);
  }

  /// One picture of one to four shapes.
  public static Scene shapes(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Figure> figures = figures(random, 1 + random.nextInt(4));
    int side = random.nextDouble() < ONE_IN_TEN ? 2 * SIDE : SIDE;
    BufferedImage image = paint(random, side, figures);
    return new Scene(List.of(image), 12, ScenesQuestions.about(figures, random));
  }

  /// One picture of a number of one to three digits; of shapes where the font is missing.
  public static Scene number(long seed) {
    List<Font> fonts = ScenesPainter.fonts();
    if (fonts.isEmpty()) {
      return shapes(seed);
    }
    RandomGenerator random = new SplittableRandom(seed);
    int most = List.of(10, 100, 1000).get(random.nextInt(3));
    String digits =
        Integer.toString(most == 10 ? random.nextInt(10) : random.nextInt(most / 10, most));
    Colour colour = pick(random, Colour.values());
    while (colour == Colour.YELLOW || colour == Colour.PINK) {
      colour = pick(random, Colour.values());
    }
    Stain stain =
        new Stain(
            ScenesPainter.number(
                fonts.get(random.nextInt(fonts.size())),
                digits,
                random.nextDouble(0.26, 0.32),
                0.5 + wobble(random),
                0.5 + wobble(random)),
            shade(colour, random));
    BufferedImage image = ScenesPainter.paint(SIDE, paper(random), List.of(stain), true);
    return new Scene(List.of(image), 12, ScenesQuestions.aboutNumber(digits, random));
  }

  /// Two pictures of one or two shapes each; every other pair has one shape in common.
  public static Scene pair(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Figure> first = figures(random, 1 + random.nextInt(2));
    List<Figure> second = figures(random, 1 + random.nextInt(2));
    boolean common = random.nextBoolean();
    while (common(first, second) != (common ? 1 : 0)) {
      second = figures(random, 1 + random.nextInt(2));
    }
    List<BufferedImage> images = List.of(paint(random, SIDE, first), paint(random, SIDE, second));
    return new Scene(images, 12, ScenesQuestions.aboutPair(first, second, random));
  }

  private static long common(List<Figure> first, List<Figure> second) {
    return first.stream().filter(f -> second.stream().anyMatch(f::looksLike)).count();
  }

  /// The directions in which a shape of a clip moves.
  private enum Motion {
    RIGHT("moving to the right", 1, 0),
    LEFT("moving to the left", -1, 0),
    UP("moving up", 0, -1),
    DOWN("moving down", 0, 1),
    NONE("not moving", 0, 0);

    final String english;
    final int dx;
    final int dy;

    Motion(String english, int dx, int dy) {
      this.english = english;
      this.dx = dx;
      this.dy = dy;
    }
  }

  private static final Motion[] MOVING = {Motion.RIGHT, Motion.LEFT, Motion.UP, Motion.DOWN};

  /// A clip of 4, 6 or 8 frames in which one shape crosses the picture or, sometimes, stands still.
  public static Scene clip(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    Figure figure = figures(random, 1).getFirst();
    boolean still = random.nextDouble() < ONE_IN_TEN;
    Motion motion = still ? Motion.NONE : pick(random, MOVING);
    int frames = List.of(4, 6, 8).get(random.nextInt(3));
    int paper = paper(random);
    double reach = 0.5 - Math.max(figure.r() + WOBBLE, random.nextDouble(0.2, 0.34));
    double across = random.nextDouble(0.22, 0.78);
    List<BufferedImage> images = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      double way = reach * (2.0 * i / (frames - 1) - 1);
      double x = motion.dx == 0 ? across : 0.5 + motion.dx * way;
      double y = motion.dy == 0 ? (motion.dx == 0 ? 0.5 : across) : 0.5 + motion.dy * way;
      Stain stain = Stain.of(figure.movedTo(x, y));
      images.add(ScenesPainter.paint(SIDE, paper, List.of(stain), true));
    }
    return new Scene(images, 1, ScenesQuestions.aboutClip(figure, motion.english, frames, random));
  }

  /// Figures in cells of their own, row by row, no two of the same form and colour.
  private static List<Figure> figures(RandomGenerator random, int count) {
    List<Place> places = new ArrayList<>(List.of(Place.values()));
    Collections.shuffle(places, random);
    List<Figure> figures = new ArrayList<>();
    for (Place place : places.subList(0, count).stream().sorted().toList()) {
      Figure figure = figure(random, place);
      while (figures.stream().anyMatch(figure::looksLike)) {
        figure = figure(random, place);
      }
      figures.add(figure);
    }
    return figures;
  }

  private static Figure figure(RandomGenerator random, Place place) {
    Form form = pick(random, Form.values());
    Colour colour = pick(random, Colour.values());
    Size size = random.nextBoolean() ? Size.SMALL : Size.LARGE;
    double r = random.nextDouble(size.least, size.most);
    double x = Math.clamp(place.x + wobble(random), r, 1 - r);
    double y = Math.clamp(place.y + wobble(random), r, 1 - r);
    return new Figure(form, colour, size, place, shade(colour, random), x, y, r);
  }

  private static <T> T pick(RandomGenerator random, T[] things) {
    return things[random.nextInt(things.length)];
  }

  private static BufferedImage paint(RandomGenerator random, int side, List<Figure> figures) {
    boolean smooth = random.nextDouble() >= ONE_IN_TEN;
    List<Stain> stains = figures.stream().map(Stain::of).toList();
    return ScenesPainter.paint(side, paper(random), stains, smooth);
  }

  private static int paper(RandomGenerator random) {
    return ScenesWorld.BACKGROUNDS.get(random.nextInt(ScenesWorld.BACKGROUNDS.size()));
  }

  private static double wobble(RandomGenerator random) {
    return random.nextDouble(-WOBBLE, WOBBLE);
  }

  private static int shade(Colour colour, RandomGenerator random) {
    return IntStream.of(colour.red, colour.green, colour.blue)
        .map(level -> Math.clamp(level + random.nextInt(-SHADE, SHADE + 1), 0, 255))
        .reduce(0, (rgb, level) -> rgb << 8 | level);
  }
}
