package org.internvl4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.DemoModel.Sample;
import org.internvl4j.demo.Scenes;
import org.internvl4j.demo.Scenes.QuestionAnswer;
import org.internvl4j.demo.Scenes.Scene;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "demo",
    description = {
      "Shows a toy model that ships with the program: it looks at pictures and answers, live.",
      "It knows coloured shapes and numbers, nothing else; it takes the same code path as real models."
    })
final class DemoCommand implements Computing {
  private static final int DRAWN = 3;
  private static final int QUESTIONS = 3; // about a drawn picture
  private static final String CLOSING =
      """
      That was a toy. For a real one, download a model folder, for example OpenGVLab/InternVL2-1B, and say
        internvl describe -m FOLDER cat.jpg
        internvl chat -m FOLDER
      Ask the toy yourself: internvl chat -m demo; new pictures for it: internvl demo --draw DIR\
      """;
  private static final String MARK = "(?:(?:Image-|Frame)\\d+: )?" + Question.IMAGE_MARK + "\n";

  private final Console console;

  @Option(
      names = "--draw",
      paramLabel = "DIR",
      description =
          "Draw new pictures into this folder and ask about those: no one has ever seen them.")
  private @Nullable Path draw;

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      description = "How many pictures to draw (3), or dialogues to show (all).")
  private @Nullable Integer count;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "The same seed draws the same pictures. Default: another one each time.")
  private @Nullable Long seed;

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Option(names = "--stats", description = "Where the time went: to stderr.")
  private boolean stats;

  DemoCommand(Console console) {
    this.console = console;
  }

  /// Its model is a toy, for which plain loops are taken.
  @Override
  public boolean wantsVectors() {
    return !device.isAuto();
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    if (draw != null) {
      Outputs.requireFolder(draw);
    }
    console.note(
        "A toy model, made for this demo: it knows coloured shapes and numbers, nothing else.\n");
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), device.openOptions(console))) {
      if (draw == null) {
        List<Sample> samples = DemoModel.samples();
        for (Sample sample : samples.subList(0, shown(samples.size()))) {
          show(model, sample);
        }
      } else {
        drawAndAsk(model, draw, count == null ? DRAWN : count);
      }
    }
    console.note(CLOSING);
    return ExitCodes.OK;
  }

  private int shown(int most) {
    return count == null ? most : Math.clamp(count, 0, most);
  }

  private void show(VisionLanguageModel model, Sample sample) {
    console.out().println(console.bold(sample.title()));
    List<Picture> pictures = sample.pictures();
    look(pictures);
    try (Conversation conversation = model.conversation()) {
      boolean first = true;
      for (DemoModel.Turn turn : sample.turns()) {
        Question question = Question.of(turn.question(), first ? pictures : List.of());
        ask(conversation, question.withMaxTiles(sample.maxTiles()));
        first = false;
      }
    }
    console.out().println();
  }

  /// Draws pictures, asks about each what it was drawn for, and counts the answers that are right.
  private void drawAndAsk(VisionLanguageModel model, Path folder, int count) {
    long first = seed == null ? ThreadLocalRandom.current().nextInt(1_000_000) : seed;
    int asked = 0;
    int right = 0;
    for (long drawn = first; drawn < first + count; drawn++) {
      Scene scene = Scenes.random(drawn);
      Path file = folder.resolve("scene-" + drawn + ".png");
      Pictures.writePng(scene.picture(), file);
      writeAnswers(scene, folder.resolve("scene-" + drawn + ".jsonl"));
      console.out().println(console.bold(file.toString()));
      look(scene.pictures());
      for (QuestionAnswer truth : scene.questions().stream().limit(QUESTIONS).toList()) {
        asked++;
        right += isRight(model, scene, truth) ? 1 : 0;
      }
      console.out().println();
    }
    console.out().println("%d of %d answers are right".formatted(right, asked));
  }

  /// Every question that the scene can be asked and its right answer, a line of JSON each.
  private static void writeAnswers(Scene scene, Path file) {
    List<String> lines =
        scene.questions().stream()
            .map(truth ->
                new JsonWriter()
                    .object()
                    .field("question", truth.question())
                    .field("answer", truth.answer())
                    .end()
                    .toString())
            .toList();
    try {
      Files.write(file, lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isRight(VisionLanguageModel model, Scene scene, QuestionAnswer truth) {
    try (Conversation conversation = model.conversation()) {
      Question question = Question.of(truth.question(), scene.pictures());
      Answer answer = ask(conversation, question.withMaxTiles(scene.maxTiles()));
      boolean right = answer.plainText().equals(truth.answer());
      if (!right) {
        console.out().println(console.dim("truth") + "     " + truth.answer());
      }
      return right;
    }
  }

  private void look(List<Picture> pictures) {
    if (console.hasColours() && !pictures.isEmpty()) {
      TerminalPicture.draw(
          pictures, TerminalPicture.protocol(console.environment()), console.out());
    }
  }

  private Answer ask(Conversation conversation, Question question) {
    console.out().println(console.dim("question") + "  " + question.text().replaceAll(MARK, ""));
    Answer answer;
    try (StreamedAnswer listener =
        StreamedAnswer.written(console, console.dim("answer") + "    ")) {
      answer = conversation.ask(question, Generation.GREEDY, listener);
      listener.complete();
    }
    if (stats) {
      console.report(Stats.of(answer));
    }
    return answer;
  }
}
