package org.internvl4j.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.codegen.docgen.manpage.ManPageGenerator;

/// Writes the manual, a page a command, for an image: AsciiDoc that its build turns into man pages.
final class Manual {
  private Manual() {}

  static void main(String[] folder) throws IOException {
    write(Path.of(folder[0]));
  }

  static void write(Path folder) throws IOException {
    CommandLine line = Commands.commandLine(Console.nobody());
    maskBrackets(line);
    line.setUsageHelpWidth(10_000); // lines of a synopsis are broken within labels
    File noTemplates = null;
    int code =
        ManPageGenerator.generateManPage(
            folder.toFile(), noTemplates, new boolean[0], true, line.getCommandSpec());
    if (code != ExitCodes.OK) {
      throw new IOException("the manual could not be written to " + folder);
    }
  }

  /// In AsciiDoc `DIR[=WEIGHT]` would be markup.
  private static void maskBrackets(CommandLine line) {
    CommandSpec spec = line.getCommandSpec();
    for (OptionSpec option : List.copyOf(spec.options())) {
      String label = option.paramLabel();
      if (label.contains("[")) {
        spec.remove(option);
        String masked = label.replace("[", "{startsb}").replace("]", "{endsb}");
        spec.addOption(OptionSpec.builder(option).paramLabel(masked).build());
      }
    }
    line.getSubcommands().values().forEach(Manual::maskBrackets);
  }
}
