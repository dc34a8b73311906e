package org.internvl4j.cli;

import java.util.List;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.demo.DemoModel.Sample;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
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
  private static final String CLOSING =
      """
      That was a toy. For a real one, download a model folder, for example OpenGVLab/InternVL2-1B, and say
        internvl describe -m FOLDER cat.jpg
        internvl chat -m FOLDER
      Ask the toy yourself: internvl chat -m demo\
      """;
  private static final String MARK = "(?:(?:Image-|Frame)\\d+: )?" + Question.IMAGE_MARK + "\n";

  private final Console console;

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Option(names = "--stats", description = "Where the time went: to stderr.")
  private boolean stats;

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Logging.to(console);
    console.note(
        "A toy model, made for this demo: it knows coloured shapes and numbers, nothing else.\n");
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), device.openOptions())) {
      for (Sample sample : DemoModel.samples()) {
        show(model, sample);
      }
    }
    console.note(CLOSING);
    return ExitCodes.OK;
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

  private void look(List<Picture> pictures) {
    if (console.hasColours() && !pictures.isEmpty()) {
      TerminalPicture.draw(
          pictures, TerminalPicture.protocol(console.environment()), console.out());
    }
  }

  private void ask(Conversation conversation, Question question) {
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
  }
}
