package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoggingTest {
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger OURS = Logger.getLogger("org.internvl4j.test");

  private final Handler[] before = ROOT.getHandlers();
  private final Level level = ROOT.getLevel();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Console console =
      new Console(
          InputStream.nullInputStream(), OutputStream.nullOutputStream(), err, Set.of(), Map.of());
  private final RuntimeException thrown =
      new UncheckedIOException("does not work", new IOException("No space left on device"));

  @AfterEach
  void restore() {
    Logging.to(Console.nobody());
    for (Handler handler : ROOT.getHandlers()) {
      ROOT.removeHandler(handler);
    }
    for (Handler handler : before) {
      ROOT.addHandler(handler);
    }
    ROOT.setLevel(level);
  }

  private String shown() {
    OURS.log(Level.SEVERE, "server: a request failed", thrown);
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatWasThrownIsALine() {
    Logging.to(console);
    assertThat(shown())
        .isEqualToNormalizingNewlines(
            """
            internvl: warning: server: a request failed: java.io.UncheckedIOException: does not work, caused by java.io.IOException: No space left on device
            """);
  }

  @Test
  void verboseShowsWhereItWasThrown() {
    console.verbose(true);
    Logging.to(console);
    assertThat(shown())
        .contains("server: a request failed: ", "at org.internvl4j", "LoggingTest")
        .contains("Caused by: java.io.IOException: No space left on device");
  }

  @Test
  void linesWithoutAnExceptionStayAsTheyAre() {
    Logging.to(console);
    OURS.log(Level.WARNING, "engine: {0} wait", 3);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .isEqualToNormalizingNewlines("internvl: warning: engine: 3 wait\n");
  }
}
