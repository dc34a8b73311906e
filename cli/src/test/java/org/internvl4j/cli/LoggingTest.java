package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What the libraries log, as the user sees it.
class LoggingTest {
  private static String logged(boolean verbose) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            InputStream.nullInputStream(),
            OutputStream.nullOutputStream(),
            err,
            Set.of(),
            Map.of());
    console.verbose(verbose);
    Logging.to(console);
    System.getLogger("org.internvl4j.test")
        .log(System.Logger.Level.WARNING, "a request failed", new IOException("the disk is full"));
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void causesAreTold() {
    assertThat(logged(false))
        .isEqualToIgnoringNewLines(
            "internvl: warning: a request failed: java.io.IOException: the disk is full");
    assertThat(logged(true)).contains("\tat " + LoggingTest.class.getName());
  }
}
