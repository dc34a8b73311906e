package org.internvl4j.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "completion",
    description = "Prints what a shell needs to complete commands, options and their values.",
    footer = {
      "",
      "  source <(internvl completion bash)      # in ~/.bashrc",
      "  source <(internvl completion zsh)       # in ~/.zshrc, below compinit",
      "  internvl completion fish | source       # in ~/.config/fish/config.fish"
    })
final class CompletionCommand implements Callable<Integer> {
  /// A shell that can complete.
  enum Shell {
    BASH,
    ZSH,
    FISH
  }

  private final Console console;

  @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
  private Shell shell = Shell.BASH;

  CompletionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    CommandLine line = Completable.commandLine(console);
    String script =
        switch (shell) {
          case BASH -> BashCompletion.of(line);
          case ZSH -> ZshCompletion.of(line);
          case FISH -> FishCompletion.of(line);
        };
    console.out().print(script.endsWith("\n") ? script : script + "\n");
    return ExitCodes.OK;
  }
}
