package org.internvl4j.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// What zsh needs to complete: a function a command, in the words of its `_arguments`.
final class ZshCompletion {
  private final StringBuilder script = new StringBuilder();
  private final String program;

  private ZshCompletion(String program) {
    this.program = program;
  }

  static String of(CommandLine line) {
    String program = line.getCommandName();
    ZshCompletion completion = new ZshCompletion(program);
    completion.script.append("#compdef ").append(program).append('\n');
    completion.script.append(
        "__%s_models() { _alternative 'models:model:(demo)' 'folders:folder:_files -/' }\n"
            .formatted(program));
    completion.function("_" + program, line);
    completion
        .script
        .append("if [[ $funcstack[1] = _%1$s ]]; then _%1$s \"$@\"; ".formatted(program))
        .append("else compdef _%1$s %1$s; fi\n".formatted(program));
    return completion.script.toString();
  }

  private void function(String name, CommandLine command) {
    command.getSubcommands().forEach((verb, subcommand) -> function(name + "_" + verb, subcommand));
    List<String> lines = new ArrayList<>();
    for (OptionSpec option : command.getCommandSpec().options()) {
      options(option).forEach(spec -> lines.add(quoted(spec)));
    }
    boolean verbs = !command.getSubcommands().isEmpty();
    if (verbs) {
      lines.add("'1:command:->command'");
      lines.add("'*::argument:->argument'");
    } else {
      for (PositionalParamSpec word : command.getCommandSpec().positionalParameters()) {
        String place = word.arity().max() > 1 || word.index().max() > 0 ? "*" : "";
        lines.add(quoted(place + ":" + value(word)));
      }
    }
    script.append(name).append("() {\n");
    if (verbs) {
      script.append("  local curcontext=$curcontext state line ret=1\n  typeset -A opt_args\n");
    }
    script.append(verbs ? "  _arguments -C \\\n    " : "  _arguments \\\n    ");
    script.append(String.join(" \\\n    ", lines));
    script.append(verbs ? " && ret=0\n" : "\n");
    if (verbs) {
      verbs(name, command);
    }
    script.append("}\n");
  }

  private void verbs(String name, CommandLine command) {
    script.append("  case $state in\n    command)\n      local -a commands=(\n");
    command
        .getSubcommands()
        .forEach((verb, subcommand) ->
            script
                .append("        ")
                .append(quoted(verb + ":" + summary(subcommand)))
                .append('\n'));
    script
        .append("      )\n      _describe -t commands command commands && ret=0 ;;\n")
        .append("    argument)\n      if (( $+functions[")
        .append(name)
        .append("_$words[1]] )); then ")
        .append(name)
        .append("_$words[1] && ret=0; fi ;;\n  esac\n  return ret\n");
  }

  /// One text a name of an option: what it excludes, the name, what it means, its value.
  private List<String> options(OptionSpec option) {
    boolean again = option.isMultiValue();
    String excluded = "(" + String.join(" ", option.names()) + ")";
    List<String> specs = new ArrayList<>();
    for (String name : option.names()) {
      StringBuilder spec = new StringBuilder(again ? "*" : excluded).append(name);
      if (option.arity().max() > 0 && name.startsWith("--")) {
        spec.append('=');
      }
      spec.append('[').append(escaped(Completable.summary(option.description()))).append(']');
      if (option.arity().max() > 0) {
        spec.append(option.arity().min() == 0 ? "::" : ":").append(value(option));
      }
      specs.add(spec.toString());
    }
    return specs;
  }

  private String value(ArgSpec argument) {
    List<String> values = Completable.values(argument);
    String action = " ";
    if (!values.isEmpty()) {
      action = "(" + String.join(" ", values) + ")";
    } else if (Completable.isModel(argument)) {
      action = "__" + program + "_models";
    } else if (Completable.isPath(argument)) {
      action = "_files";
    }
    return escaped(argument.paramLabel()) + ":" + action;
  }

  private static String summary(CommandLine verb) {
    return Completable.summary(verb.getCommandSpec().usageMessage().description());
  }

  private static String escaped(String text) {
    return text.replaceAll("[\\[\\]:\\\\]", "\\\\$0");
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
