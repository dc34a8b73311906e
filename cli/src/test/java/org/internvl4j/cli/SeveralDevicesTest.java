package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Several GPUs on the command line, over the stand-in driver, which shows four.
class SeveralDevicesTest {
  @BeforeEach
  void assume() {
    assumeTrue(
        Files.exists(Path.of(System.getProperty("internvl4j.cuda.library"))),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
  }

  @Test
  void twoAnswerAsOneDoes() {
    Cli.Result two = ask("cuda:0,1");
    assertThat(two.code()).isZero();
    assertThat(two.err()).contains("cuda:0: CPU emulation").contains("; cuda:1: CPU emulation");
    assertThat(two.out()).isNotBlank().isEqualTo(ask("cuda").out());
  }

  private static Cli.Result ask(String device) {
    return Cli.run(
        "ask", "-m", "demo", "-p", "hello", "--max-tokens", "6", "--stats", "--device", device);
  }

  @Test
  void doctorNamesEachOfThem() {
    Cli.Result doctor = Cli.run("doctor");
    for (int i = 0; i < 4; i++) {
      assertThat(doctor.out()).containsPattern("device cuda:%d +cuda:%d: CPU".formatted(i, i));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cuda:0,0             | 2 | --device is cuda:0,0, expected one of auto,
          cuda:0,9             | 4 | cuda: there is no GPU 9, expected 0 to 3
          cpu:0,1              | 3 | device: there is one cpu only, but cpu:1 is asked for
          cuda:0,              | 2 | --device is cuda:0,, expected one of auto,
          """)
  void saysWhatIsWrong(String device, int code, String sentence) {
    Cli.Result asked = ask(device);
    assertThat(asked.code()).isEqualTo(code);
    assertThat(asked.err()).contains(sentence);
  }
}
