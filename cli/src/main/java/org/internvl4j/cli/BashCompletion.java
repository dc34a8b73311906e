package org.internvl4j.cli;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/// What bash needs to complete: picocli's script, to which `demo` is added where a model is wanted,
/// for it knows files or a choice there, not both.
final class BashCompletion {
  private BashCompletion() {}

  static String of(CommandLine line) {
    String script = AutoComplete.bash(line.getCommandName(), line);
    for (String model : models(line).distinct().toList()) {
      script =
          Pattern.compile("(" + Pattern.quote(model + ")") + "[^;]*compgen -f )")
              .matcher(script)
              .replaceAll("$1-W " + ModelOptions.DEMO + " ");
    }
    return script;
  }

  /// The names of options that take a model, as the script has them.
  private static Stream<String> models(CommandLine command) {
    Stream<String> here =
        command.getCommandSpec().options().stream()
            .filter(Completable::isModel)
            .map(BashCompletion::names);
    return Stream.concat(
        here, command.getSubcommands().values().stream().flatMap(BashCompletion::models));
  }

  private static String names(OptionSpec option) {
    return Arrays.stream(option.names())
        .map(name -> "'" + name + "'")
        .collect(Collectors.joining("|"));
  }
}
