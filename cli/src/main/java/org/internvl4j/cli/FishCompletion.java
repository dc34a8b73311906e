package org.internvl4j.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// What fish needs to complete: a line an option.
final class FishCompletion {
  /// Words that begin with the given ones, options left out: no option before a command has a
  /// value.
  private static final String PREDICATES =
      """
      function __internvl_words
        string match -v -- '-*' (commandline -opc)[2..]
      end
      function __internvl_is
        test "$(__internvl_words)" = "$(string join \\n $argv)"
      end
      function __internvl_in
        set -l words (__internvl_words)
        test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
      end
      """;

  private final StringBuilder script = new StringBuilder(PREDICATES);
  private final String program;

  private FishCompletion(String program) {
    this.program = program;
  }

  static String of(CommandLine line) {
    FishCompletion completion = new FishCompletion(line.getCommandName());
    completion.line("-f");
    completion.command("", line);
    return completion.script.toString();
  }

  private void command(String path, CommandLine command) {
    String is = "-n " + quoted(("__internvl_is " + path).strip());
    String in = "-n " + quoted(path.isEmpty() ? "__internvl_is" : "__internvl_in " + path);
    for (OptionSpec option : command.getCommandSpec().options()) {
      line(in + names(option) + value(option) + " -d " + summary(option.description()));
    }
    command
        .getSubcommands()
        .forEach((verb, subcommand) -> {
          String summary = summary(subcommand.getCommandSpec().usageMessage().description());
          line(is + " -a " + verb + " -d " + summary);
          command((path + " " + verb).strip(), subcommand);
        });
    for (PositionalParamSpec word : command.getCommandSpec().positionalParameters()) {
      String value = value(word);
      if (!value.equals(" -x")) {
        line(in + value);
      }
    }
  }

  private static String names(OptionSpec option) {
    StringBuilder names = new StringBuilder();
    for (String name : option.names()) {
      names.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
    }
    return names.toString();
  }

  private static String value(ArgSpec argument) {
    if (argument.arity().max() == 0 || (argument.arity().min() == 0 && argument.isOption())) {
      return "";
    }
    List<String> values = Completable.values(argument);
    if (!values.isEmpty()) {
      return " -x -a " + quoted(String.join(" ", values));
    }
    if (Completable.isModel(argument)) {
      return " -x -a " + quoted("demo (__fish_complete_directories (commandline -ct))");
    }
    if (Completable.isPath(argument)) {
      return argument.isOption() ? " -r -F" : " -F";
    }
    return " -x";
  }

  private void line(String text) {
    script.append("complete -c ").append(program).append(' ').append(text).append('\n');
  }

  private static String summary(String... description) {
    return quoted(Completable.summary(description));
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
