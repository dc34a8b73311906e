package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.internvl4j.models.VisionLanguageModel;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "chat",
    description = {
      "Talks about pictures, turn by turn. /help lists what can be typed.",
      "Ctrl-C stops an answer, Ctrl-D leaves. From a pipe, each line is a question."
    })
final class ChatCommand implements Computing {
  private final Console console;

  @Mixin private final AskingOptions asking = new AskingOptions();

  @Option(
      names = {"-i", "--image"},
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "Pictures that the first question is about.")
  private List<Path> images = List.of();

  @Option(
      names = "--no-history",
      description = "Keep no file of what was typed (else $XDG_STATE_HOME/internvl4j/history).")
  private boolean noHistory;

  ChatCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (asking.drawing.file != null) {
      DrawOption.requireTarget(asking.drawing.file, images);
    }
    try (VisionLanguageModel model = asking.open(console)) {
      if (!console.isTerminal(Console.Stream.IN)) {
        return talk(model, Lines.of(console));
      }
      try (Terminal terminal = terminal()) {
        return talk(model, Lines.of(terminal, noHistory ? null : history()));
      }
    }
  }

  /// The terminal of this process. It is not asked what it can do: the answers would be read in
  /// place of what was typed ahead.
  private static Terminal terminal() throws IOException {
    return TerminalBuilder.builder().system(true).dumb(true).graphemeCluster(false).build();
  }

  private int talk(VisionLanguageModel model, Lines lines) throws IOException {
    try (Repl repl = new Repl(console, lines, model, asking)) {
      repl.look(images);
      return repl.run();
    }
  }

  /// The file in the user's state folder; null where there is no place for it.
  private @Nullable Path history() {
    String state = console.environment().getOrDefault("XDG_STATE_HOME", "");
    Path folder =
        (state.isBlank()
                ? Path.of(System.getProperty("user.home"), ".local", "state")
                : Path.of(state))
            .resolve("internvl4j");
    try {
      Files.createDirectories(folder);
      return folder.resolve("history");
    } catch (IOException e) {
      console.note("internvl: no history: " + ExitCodes.sentence(e));
      return null;
    }
  }
}
