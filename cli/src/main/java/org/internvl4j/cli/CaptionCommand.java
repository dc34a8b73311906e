package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.PictureException;
import org.internvl4j.models.ContrastiveModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.contrastive.CaptionOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "caption",
    description = {
      "Says in a short sentence what is on each picture, by beam search.",
      "Needs InternVL-14B-224px; chat models describe pictures with 'describe'."
    })
final class CaptionCommand implements Computing {
  private final Console console;

  @Mixin private final ModelOptions model = new ModelOptions();
  @Mixin private final PictureInput pictures = new PictureInput();

  @Parameters(
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "Picture files, folders of them, or - for a list on stdin.")
  private List<Path> files = List.of();

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      defaultValue = "English caption:",
      description = "What the caption follows (${DEFAULT-VALUE}).")
  private String prompt = "";

  @Option(
      names = "--beams",
      paramLabel = "N",
      defaultValue = "5",
      description = "Sentences that are followed at a time; 1 is greedy (${DEFAULT-VALUE}).")
  private int beams;

  @Option(
      names = "--min-tokens",
      paramLabel = "N",
      defaultValue = "8",
      description = "Tokens before which no caption ends (${DEFAULT-VALUE}).")
  private int fewest;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "30",
      description = "Most tokens of a caption (${DEFAULT-VALUE}).")
  private int most;

  @Option(
      names = "--length-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description = "The power of a caption's length that its log-probability is divided by.")
  private double lengthPenalty;

  @Option(names = "--json", description = "One line of JSON a picture.")
  private boolean json;

  CaptionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Logging.to(console);
    CaptionOptions options = new CaptionOptions(prompt, beams, fewest, most, lengthPenalty);
    Map<String, Path> named = PictureFiles.of(files, console);
    OpenOptions opening = model.openOptions(console);
    int code = ExitCodes.OK;
    try (ContrastiveModel opened = ContrastiveModel.open(model.checkpoint(console), opening)) {
      for (Map.Entry<String, Path> file : named.entrySet()) {
        try {
          String caption = opened.caption(opened.squeezed(pictures.read(file.getValue())), options);
          tell(file.getKey(), caption, named.size());
        } catch (PictureException e) {
          code = ExitCodes.of(e, console);
        }
      }
    }
    return code;
  }

  private void tell(String name, String caption, int all) {
    if (json) {
      console
          .out()
          .println(
              new JsonWriter().object().field("picture", name).field("caption", caption).end());
    } else {
      console.out().println((all > 1 ? console.bold(name + ":") + " " : "") + caption);
    }
  }
}
