package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// All commands, as shells are to complete them: what takes a path has the type of one, and a
/// choice has its values in small letters.
final class Completable {
  private static final String MODEL = "MODEL";
  private static final List<String> TEXTS_THAT_ARE_PATHS = List.of(MODEL, "FILE", "DIR[=WEIGHT]");
  private static final Map<String, List<String>> CHOICES =
      Map.of(
          "--weights", List.of("bf16", "q8", "q4"),
          "--device", List.of("auto", "cuda", "cpu", "plain", "reference"));

  private Completable() {}

  static CommandLine commandLine(Console console) {
    CommandLine line = Commands.commandLine(console);
    complete(line, List.copyOf(line.getSubcommands().keySet()));
    return line;
  }

  private static void complete(CommandLine line, List<String> commands) {
    CommandSpec spec = line.getCommandSpec();
    for (OptionSpec option : List.copyOf(spec.options())) {
      if (!option.inherited() && option.arity().max() > 0) {
        spec.remove(option);
        spec.addOption(completed(option));
      }
    }
    for (PositionalParamSpec word : List.copyOf(spec.positionalParameters())) {
      boolean help = spec.userObject() instanceof CommandLine.HelpCommand;
      List<String> choices = help ? commands : choices(word);
      if (!choices.isEmpty()) {
        spec.remove(word);
        spec.addPositional(PositionalParamSpec.builder(word).completionCandidates(choices).build());
      }
    }
    line.getSubcommands().values().forEach(verb -> complete(verb, commands));
  }

  private static OptionSpec completed(OptionSpec option) {
    List<String> choices = CHOICES.getOrDefault(option.longestName(), choices(option));
    if (!choices.isEmpty()) {
      return OptionSpec.builder(option).completionCandidates(choices).build();
    }
    if (!TEXTS_THAT_ARE_PATHS.contains(option.paramLabel())) {
      return option;
    }
    return OptionSpec.builder(option.names()) // a copy would keep the type
        .paramLabel(option.paramLabel())
        .description(option.description())
        .arity(option.arity())
        .type(option.isMultiValue() ? List.class : Path.class)
        .auxiliaryTypes(Path.class)
        .build();
  }

  private static List<String> choices(ArgSpec argument) {
    List<String> choices = new ArrayList<>();
    if (argument.completionCandidates() != null) {
      argument.completionCandidates().forEach(choice -> choices.add(choice));
    }
    return choices.stream().map(choice -> choice.toLowerCase(Locale.ROOT)).toList();
  }

  /// The values to choose from; none if it is no choice.
  static List<String> values(ArgSpec argument) {
    return argument.arity().max() == 0 ? List.of() : choices(argument);
  }

  static boolean isPath(ArgSpec argument) {
    return Arrays.asList(argument.auxiliaryTypes()).contains(Path.class)
        || argument.type() == Path.class;
  }

  /// Whether it is a folder, or `demo`.
  static boolean isModel(ArgSpec argument) {
    return isPath(argument) && argument.paramLabel().equals(MODEL);
  }

  /// The first sentence of a description.
  static String summary(String... description) {
    String text = description.length == 0 ? "" : description[0].replace("%n", "");
    int end = text.indexOf(". ");
    String first = end < 0 ? text : text.substring(0, end);
    return first.replaceFirst("[.,;:]$", "");
  }
}
