package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The manual that images carry.
class ManualTest {
  @TempDir Path folder;

  @Test
  void everyCommandHasAPageWithAllItsOptions() throws IOException {
    Manual.write(folder);
    hasPage("internvl", Commands.commandLine(Console.system()));
  }

  private void hasPage(String name, CommandLine line) {
    Path page = folder.resolve(name + ".adoc");
    assertThat(page).content().contains("== Name", "== Synopsis", "== Options");
    line.getCommandSpec()
        .options()
        .forEach(option -> assertThat(page).content().contains(option.longestName()));
    for (Map.Entry<String, CommandLine> verb : line.getSubcommands().entrySet()) {
      hasPage(name + "-" + verb.getKey(), verb.getValue());
    }
  }

  @Test
  void bracketsOfALabelAreNoMarkup() throws IOException {
    Manual.write(folder);
    assertThat(Files.readString(folder.resolve("internvl-serve.adoc")))
        .contains(
            "[*--lora*=_DIR{startsb}=WEIGHT{endsb}_]...", "*--lora*=_DIR{startsb}=WEIGHT{endsb}_::")
        .doesNotContain("[=WEIGHT]");
  }
}
