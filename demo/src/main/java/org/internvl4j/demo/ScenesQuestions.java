package org.internvl4j.demo;

import static org.internvl4j.demo.ScenesWorld.lower;

import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.internvl4j.demo.Scenes.QuestionAnswer;
import org.internvl4j.demo.ScenesWorld.Colour;
import org.internvl4j.demo.ScenesWorld.Figure;
import org.internvl4j.demo.ScenesWorld.Form;

/// What the model can be asked about a scene, with the right answers in the words it was taught.
final class ScenesQuestions {
  private static final int BOX_STEP = 20;

  private final RandomGenerator random;
  private final List<QuestionAnswer> asked = new ArrayList<>();

  private ScenesQuestions(RandomGenerator random) {
    this.random = random;
  }

  /// @param figures row by row
  static List<QuestionAnswer> about(List<Figure> figures, RandomGenerator random) {
    ScenesQuestions q = new ScenesQuestions(random);
    q.describe(figures);
    q.count(figures);
    q.single(figures);
    q.find(figures, q.pick(figures));
    return List.copyOf(q.asked);
  }

  static List<QuestionAnswer> aboutNumber(String digits, RandomGenerator random) {
    ScenesQuestions q = new ScenesQuestions(random);
    q.ask(
        "The number is " + digits + ".",
        "What number is written in the image?",
        "What does the text say?",
        "Read the number.");
    q.ask("图中的数字是" + digits + "。", "请读出图中的数字。", "图中的数字是什么？");
    return List.copyOf(q.asked);
  }

  static List<QuestionAnswer> aboutPair(
      List<Figure> first, List<Figure> second, RandomGenerator random) {
    ScenesQuestions q = new ScenesQuestions(random);
    String marks = "Image-1: <image>\nImage-2: <image>\n";
    q.ask(
        "Image-1 shows %s. Image-2 shows %s."
            .formatted(english(first, Figure::phrase), english(second, Figure::phrase)),
        marks + "Describe the two images in detail.");
    String common =
        first.stream()
            .filter(f -> second.stream().anyMatch(f::looksLike))
            .findFirst()
            .map(f -> "Both show a " + f.name() + ".")
            .orElse("They have no shape in common.");
    q.ask(
        "Image-1 has %s and Image-2 has %s. %s"
            .formatted(shapes(first.size()), shapes(second.size()), common),
        marks + "What are the similarities and differences between these two images.",
        marks + "Compare the two images.");
    return List.copyOf(q.asked);
  }

  /// @param motion `moving to the right`
  static List<QuestionAnswer> aboutClip(
      Figure figure, String motion, int frames, RandomGenerator random) {
    ScenesQuestions q = new ScenesQuestions(random);
    StringBuilder marks = new StringBuilder();
    for (int i = 1; i <= frames; i++) {
      marks.append("Frame").append(i).append(": <image>\n");
    }
    q.ask(
        "The %s is %s.".formatted(figure.name(), motion),
        marks + "What is happening in the video?",
        marks + "What is the " + figure.name() + " doing?",
        marks + "Describe this video in detail. Don't repeat.");
    return List.copyOf(q.asked);
  }

  private void ask(String answer, String... wordings) {
    asked.add(new QuestionAnswer(wordings[random.nextInt(wordings.length)], answer));
  }

  private <T> T pick(List<T> things) {
    return things.get(random.nextInt(things.size()));
  }

  private void describe(List<Figure> figures) {
    ask(
        "The image shows %s: %s."
            .formatted(shapes(figures.size()), english(figures, Figure::phrase)),
        "Describe the image.",
        "Please describe the image in detail.",
        "Describe the image in detail.",
        "What do you see?",
        "Please describe the picture.");
    String names = english(figures, f -> "a " + f.name());
    ask(
        "A" + names.substring(1) + ".",
        "Please describe the image shortly.",
        "Please describe the image briefly.",
        "What is in the image?");
    String phrases = figures.stream().map(Figure::chinesePhrase).collect(Collectors.joining("，"));
    ask("图中有%d个图形：%s。".formatted(figures.size(), phrases), "请描述这张图片。", "请详细描述图片。", "描述一下这张图片");
    Figure first = figures.getFirst();
    ask(
        "A %s %s I see,\nso %s and quiet, still and free."
            .formatted(first.name(), first.place().english, lower(first.size())),
        "Please write a poem according to the image.",
        "Write a short poem about the image.");
  }

  private void count(List<Figure> figures) {
    ask(
        figures.size() == 1 ? "There is 1 shape." : "There are " + shapes(figures.size()) + ".",
        "How many shapes are in the image?",
        "How many shapes are there?");
    ask("图中有%d个图形。".formatted(figures.size()), "图中有几个图形？");
    Form form = random.nextBoolean() ? pick(figures).form() : pick(List.of(Form.values()));
    long count = figures.stream().filter(f -> f.form() == form).count();
    String kinds = lower(form) + (form == Form.CROSS ? "es" : "s");
    ask(
        count == 0
            ? "There are no " + kinds + "."
            : count == 1
                ? "There is 1 " + lower(form) + "."
                : "There are " + count + " " + kinds + ".",
        "How many " + kinds + " are there?");
  }

  /// Questions that have an answer only if one figure alone has a form or a colour.
  private void single(List<Figure> figures) {
    for (Figure figure : figures) {
      String form = lower(figure.form());
      String colour = lower(figure.colour());
      if (isOnly(figures, f -> f.form() == figure.form())) {
        ask(
            "The %s is %s.".formatted(form, colour),
            "What color is the " + form + "?",
            "What is the color of the " + form + "?");
      }
      if (isOnly(figures, f -> f.colour() == figure.colour())) {
        ask(
            "The %s is %s.".formatted(form, colour),
            "What shape is " + colour + "?",
            "Which shape is " + colour + "?");
      }
    }
  }

  private static boolean isOnly(List<Figure> figures, Predicate<Figure> like) {
    return figures.stream().filter(like).count() == 1;
  }

  private void find(List<Figure> figures, Figure figure) {
    String name = figure.name();
    ask("The %s is %s.".formatted(name, figure.place().english), "Where is the " + name + "?");
    ask(
        "%s在%s。".formatted(figure.chineseName(), figure.place().chinese),
        figure.chineseName() + "在哪里？");
    ask(
        "The %s is %s.".formatted(name, lower(figure.size())),
        "How big is the " + name + "?",
        "Is the " + name + " large or small?");
    ask(
        "Yes, there is a %s %s.".formatted(name, figure.place().english),
        "Is there a " + name + "?");
    String absent = absentName(figures);
    ask("No, there is no " + absent + " in the image.", "Is there a " + absent + "?");
    ask(
        "the %s[[%s]]".formatted(name, box(figure)),
        "Please provide the bounding box coordinate of the region this sentence describes: <ref>the "
            + name
            + "</ref>");
  }

  private String absentName(List<Figure> figures) {
    while (true) {
      Form form = pick(List.of(Form.values()));
      Colour colour = pick(List.of(Colour.values()));
      if (figures.stream().noneMatch(f -> f.form() == form && f.colour() == colour)) {
        return lower(colour) + " " + lower(form);
      }
    }
  }

  /// The outline's extent in thousandths, in steps of 20.
  private static String box(Figure figure) {
    Rectangle2D bounds = figure.outline().getBounds2D();
    return List.of(bounds.getMinX(), bounds.getMinY(), bounds.getMaxX(), bounds.getMaxY()).stream()
        .map(v -> Long.toString(BOX_STEP * Math.round(1000 * v / BOX_STEP)))
        .collect(Collectors.joining(", "));
  }

  private static String shapes(int count) {
    return count == 1 ? "1 shape" : count + " shapes";
  }

  /// `a, b and c`
  private static String english(List<Figure> figures, Function<Figure, String> phrase) {
    List<String> phrases = figures.stream().map(phrase).toList();
    int last = phrases.size() - 1;
    return last == 0
        ? phrases.getFirst()
        : String.join(", ", phrases.subList(0, last)) + " and " + phrases.get(last);
  }
}
