package org.internvl4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jspecify.annotations.Nullable;

/// Where a conversation gets its lines from.
interface Lines {
  /// The next line, `""` if the user broke it off, null at the end.
  @Nullable String next(String prompt) throws IOException;

  /// Calls `action` when the user presses Ctrl-C outside [#next].
  void onInterrupt(Runnable action);

  /// Lines that a person edits. Quotes and backslashes are left as they are: questions are prose.
  ///
  /// @param history the file that keeps them; null for none
  static Lines of(Terminal terminal, @Nullable Path history) {
    LineReaderBuilder reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .appName("internvl")
            .parser(new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]))
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
    if (history != null) {
      reader.variable(LineReader.HISTORY_FILE, history);
    }
    return new Edited(reader.build());
  }

  /// Lines of a file or pipe; no prompts.
  static Lines of(Console console) {
    return new Piped(
        new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8)));
  }

  /// A terminal with editing and history.
  record Edited(LineReader reader) implements Lines {
    @Override
    public @Nullable String next(String prompt) {
      try {
        return reader.readLine(prompt);
      } catch (UserInterruptException e) {
        return "";
      } catch (EndOfFileException e) {
        return null;
      }
    }

    @Override
    public void onInterrupt(Runnable action) {
      Terminal terminal = reader.getTerminal();
      terminal.handle(Signal.INT, _ -> action.run());
    }
  }

  /// A pipe: an interrupt ends the process as usual.
  record Piped(BufferedReader reader) implements Lines {
    @Override
    public @Nullable String next(String prompt) throws IOException {
      return reader.readLine();
    }

    @Override
    public void onInterrupt(Runnable action) {}
  }
}
