package org.internvl4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "ask",
    description = "Answers a question about pictures, about a clip, or about nothing but text.",
    footer = {
      "",
      "Pictures go in front of the question; '<image>' in it puts each where you want it.",
      "  internvl ask -m demo -i a.png -i b.png -p 'Compare the two images.'"
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
      required = true,
      paramLabel = "TEXT",
      description = "The question; '-' reads it from stdin.")
  private String prompt = "";

  AskCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (!images.isEmpty() && !frames.isEmpty()) {
      throw new UsageException("-i and --frames cannot be used together");
    }
    Question question = question();
    try (VisionLanguageModel model = asking.open(console);
        Conversation conversation = asking.conversation(model)) {
      asking.ask(console, conversation, question, images.isEmpty() ? frames : images, "");
    }
    return ExitCodes.OK;
  }

  private Question question() throws IOException {
    String text =
        prompt.equals("-")
            ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8).strip()
            : prompt;
    if (text.isBlank()) {
      throw new UsageException("the prompt is empty");
    }
    List<Picture> pictures = asking.pictures.read(images);
    return frames.isEmpty()
        ? Question.of(text, pictures)
        : Question.ofFrames(text, asking.pictures.read(frames));
  }
}
