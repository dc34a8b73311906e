package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is answered without picocli is what picocli would have answered.
class ShortAnswersTest {
  @ParameterizedTest
  @ValueSource(strings = {"-h", "--help", "help"})
  void helpIsThatOfPicocli(String word) {
    Cli.Result byPicocli = Cli.run("--no-color", "--help");
    assertThat(byPicocli.out()).startsWith("Usage: internvl ").contains("'internvl demo' shows");
    assertThat(Cli.run(word)).isEqualTo(byPicocli);
  }

  @Test
  void helpOnTerminalsHasPicocliColours() {
    Cli.Result byPicocli = Cli.onTerminal(Map.of(), "-q", "--help");
    assertThat(byPicocli.out()).contains("\u001b[");
    assertThat(Cli.onTerminal(Map.of(), "--help")).isEqualTo(byPicocli);
    assertThat(Cli.onTerminal(Map.of("NO_COLOR", "1"), "--help")).isEqualTo(Cli.run("--help"));
  }

  @Test
  void nothingIsAnsweredWithTheHelpOnStderr() {
    Cli.Result byPicocli = Cli.run("--no-color");
    assertThat(byPicocli.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(Cli.run()).isEqualTo(byPicocli);
    assertThat(Cli.run("")).isNotEqualTo(byPicocli);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-V", "--version"})
  void versionIsThatOfPicocli(String word) {
    Cli.Result byPicocli = Cli.run("--no-color", "--version");
    assertThat(byPicocli.out()).startsWith("internvl ").hasLineCount(2);
    assertThat(Cli.run(word)).isEqualTo(byPicocli);
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "show", "doctor"})
  void commandsKnownAloneExplainThemselvesTheSame(String verb) {
    Cli.Result amongAll = Cli.run("help", verb);
    assertThat(amongAll.out()).startsWith("Usage: internvl " + verb);
    assertThat(Cli.run(verb, "--help")).isEqualTo(amongAll);
  }
}
