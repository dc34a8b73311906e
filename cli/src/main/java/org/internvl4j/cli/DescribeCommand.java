package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Conversation;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.Question;
import org.internvl4j.models.VisionLanguageModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "describe",
    description =
        "Describes pictures, one by one. A file that cannot be read is told and left out.")
final class DescribeCommand implements Computing {
  private final Console console;

  @Mixin private final AskingOptions asking = new AskingOptions();

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "Picture files.")
  private List<Path> files = List.of();

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      defaultValue = "Please describe the image in detail.",
      description = "What is asked about each (${DEFAULT-VALUE}).")
  private String prompt = "";

  DescribeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    int code = ExitCodes.OK;
    if (prompt.isBlank()) {
      throw new UsageException("the prompt is empty");
    }
    asking.drawing.require(files);
    try (VisionLanguageModel model = asking.open(console)) {
      for (Path file : files) {
        try {
          describe(model, file);
        } catch (PictureException | PromptTooLongException e) {
          code = ExitCodes.of(e, console);
        }
      }
    }
    return code;
  }

  private void describe(VisionLanguageModel model, Path file) {
    Question question = Question.of(prompt, asking.pictures.asked(file));
    String label = files.size() > 1 ? console.bold(file + ":") + " " : "";
    try (Conversation conversation = asking.conversation(model)) {
      Shown shown = Shown.NOTHING.reading(List.of(file)).then(question);
      Answer answer = asking.ask(console, conversation, question, List.of(file), shown, label);
      asking.drawing.draw(console, answer, shown);
    }
  }
}
