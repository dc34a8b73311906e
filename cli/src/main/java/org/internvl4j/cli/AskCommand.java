package org.internvl4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.grounding.Grounding;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "ask",
    description = "Answers a question about pictures, about a clip, or about nothing but text.",
    footer = {
      "",
      "Pictures go in front of the question; '<image>' in it puts each where you want it.",
      "  internvl ask -m demo -i a.png -i b.png -p 'Compare the two images.'",
      "  internvl ask -m demo -i a.png --find 'the red circle' --draw found.png"
    })
final class AskCommand implements Computing {
  private final Console console;

  @Mixin private final AskingOptions asking = new AskingOptions();

  @Option(
      names = {"-i", "--image"},
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "A picture; several, or the option again, for more.")
  private List<Path> images = List.of();

  @Option(
      names = "--frames",
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "Frames of a clip in their order, a tile each.")
  private List<Path> frames = List.of();

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The question; '-' reads it from stdin.")
  private @Nullable String prompt;

  @Option(
      names = "--find",
      paramLabel = "TEXT",
      description = "In place of a question: where is this? The answer points at it with boxes.")
  private @Nullable String find;

  AskCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (!images.isEmpty() && !frames.isEmpty()) {
      throw new UsageException("-i and --frames cannot be used together");
    }
    List<Path> files = images.isEmpty() ? frames : images;
    String text = text(files);
    asking.drawing.require(files);
    Question question = question(text);
    Shown shown = Shown.NOTHING.reading(files).then(question);
    try (VisionLanguageModel model = asking.open(console);
        Conversation conversation = asking.conversation(model)) {
      Answer answer = asking.ask(console, conversation, question, files, shown, "");
      asking.drawing.draw(console, answer, shown);
    }
    return ExitCodes.OK;
  }

  private String text(List<Path> files) throws IOException {
    if (find != null) {
      return finding(find, files);
    }
    if (prompt == null) {
      throw new UsageException("nothing is asked; use -p for a question, or --find");
    }
    String text =
        prompt.equals("-")
            ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8).strip()
            : prompt;
    if (text.isBlank()) {
      throw new UsageException("the prompt is empty");
    }
    return text;
  }

  private String finding(String what, List<Path> files) {
    if (prompt != null) {
      throw new UsageException("-p and --find cannot be used together");
    }
    if (files.isEmpty()) {
      throw new UsageException("--find looks at a picture, found none; name it with -i");
    }
    try {
      return Grounding.question(what);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--" + e.getMessage());
    }
  }

  private Question question(String text) {
    List<Picture> pictures = asking.pictures.read(images);
    return frames.isEmpty()
        ? Question.of(text, pictures)
        : Question.ofFrames(text, asking.pictures.read(frames));
  }
}
