package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.internvl4j.cli.Console.Stream;
import org.internvl4j.loader.LoadListener.Stage;
import org.junit.jupiter.api.Test;

class LoadProgressTest {
  private static final long MIB = 1 << 20;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicLong nanos = new AtomicLong();

  private Console console(Stream... terminals) {
    return new Console(
        InputStream.nullInputStream(),
        OutputStream.nullOutputStream(),
        err,
        Set.of(terminals),
        Map.of());
  }

  private String shown() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void showsABarOnceItTakesLong() {
    LoadProgress progress = new LoadProgress(console(Stream.ERR), nanos::get);
    progress.progress(Stage.PREPARING, MIB, 4 * MIB);
    assertThat(shown()).isEmpty();
    nanos.set(1_000_000_000);
    progress.progress(Stage.PREPARING, 3 * MIB, 4 * MIB);
    assertThat(shown()).endsWith("preparing weights ██████████████████░░░░░░ 3.0 MiB of 4.0 MiB");
    progress.progress(Stage.PREPARING, 4 * MIB, 4 * MIB);
    assertThat(shown()).endsWith("4.0 MiB\r\u001b[2K");
  }

  @Test
  void showsNothingWhereStderrIsNoTerminal() {
    LoadProgress progress = new LoadProgress(console(Stream.OUT), nanos::get);
    nanos.set(1_000_000_000);
    progress.progress(Stage.CHECKING, 1, 2);
    progress.progress(Stage.CHECKING, 2, 2);
    assertThat(shown()).isEmpty();
  }

  @Test
  void whatIsSaidMeanwhileTakesThePlaceOfTheBar() {
    Console console = console(Stream.ERR);
    LoadProgress progress = new LoadProgress(console, nanos::get);
    nanos.set(1_000_000_000);
    progress.progress(Stage.CHECKING, 1, 2);
    console.complain("out of luck");
    assertThat(shown())
        .startsWith("\r\u001b[2Kreading weights ████████████░")
        .endsWith(" of 2 B\r\u001b[2Kinternvl: out of luck\n");
  }
}
