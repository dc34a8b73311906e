package org.internvl4j.cli;

import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.internvl4j.runtime.Devices;
import org.jspecify.annotations.Nullable;

/// Shows what the libraries log as lines like the command line's own.
final class Logging {
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger OURS = Logger.getLogger("org.internvl4j");
  private static final Logger LISTENING = Logger.getLogger("org.eclipse.jetty");
  private static final Logger DEVICES = Logger.getLogger(Devices.class.getName());

  private Logging() {}

  /// Sends warnings to the console, why `auto` takes no GPU, and with `--verbose` everything of
  /// this project, and what the library that listens tells of itself.
  static void to(Console console) {
    for (Handler handler : ROOT.getHandlers()) {
      ROOT.removeHandler(handler);
    }
    ROOT.addHandler(new ToConsole(console));
    ROOT.setLevel(Level.WARNING);
    OURS.setLevel(console.isVerbose() ? Level.ALL : Level.WARNING);
    LISTENING.setLevel(console.isVerbose() ? Level.INFO : Level.WARNING);
    DEVICES.setLevel(console.isVerbose() ? Level.ALL : Level.INFO);
  }

  private static final class ToConsole extends Handler {
    private final Console console;
    private final Formatter formatter =
        new Formatter() {
          @Override
          public String format(LogRecord entry) {
            return formatMessage(entry);
          }
        };

    ToConsole(Console console) {
      this.console = console;
    }

    @Override
    public void publish(LogRecord entry) {
      boolean warning = entry.getLevel().intValue() >= Level.WARNING.intValue();
      String line = formatter.format(entry);
      Throwable cause = entry.getThrown();
      console.note("internvl: " + (warning ? "warning: " : "") + line + why(cause));
      if (cause != null && console.isVerbose()) {
        console.trace(cause);
      }
    }

    /// What was thrown, and what caused it, in a line.
    private static String why(@Nullable Throwable thrown) {
      StringBuilder why = new StringBuilder();
      for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
        why.append(why.isEmpty() ? ": " : ", caused by ").append(cause);
      }
      return why.toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
