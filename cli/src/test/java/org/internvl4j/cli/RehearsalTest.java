package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the launcher's build rehearses works; if it did not, starts would be slow and nobody told.
class RehearsalTest {
  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandOfTheRehearsalWorks(List<String> command) {
    assertThat(Cli.run(command.toArray(String[]::new)).code()).isEqualTo(ExitCodes.OK);
  }

  static Stream<List<String>> commands() {
    return Stream.concat(Rehearsal.READING.stream(), Rehearsal.COMPUTING.stream());
  }
}
