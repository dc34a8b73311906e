package org.internvl4j.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Serial;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a command reads and writes: answers to [#out], everything else to [#err].
///
/// An answer that cannot be written ends the command: with [ClosedException] if whoever read has
/// enough, else with [UncheckedIOException]. Where nobody reads what is said beside answers,
/// nothing more is said, and the work goes on.
final class Console {
  /// A standard stream that may be a terminal.
  enum Stream {
    IN,
    OUT,
    ERR
  }

  private static final String ERASE_LINE = "\r\u001b[2K";

  private final InputStream in;
  private final PrintStream out;
  private final PrintStream err;
  private final Set<Stream> terminals;
  private final Map<String, String> environment;
  private boolean quiet;
  private boolean verbose;
  private boolean colours;
  private boolean overwriting; // a line stands on stderr that the next one takes the place of

  /// @param terminals which of the streams are terminals
  Console(
      InputStream in,
      OutputStream out,
      OutputStream err,
      Set<Stream> terminals,
      Map<String, String> environment) {
    this.in = in;
    this.out =
        print(new Failing(out), terminals.contains(Stream.OUT) ? System.out.charset() : null);
    this.err = print(err, terminals.contains(Stream.ERR) ? System.err.charset() : null);
    this.terminals = Set.copyOf(terminals);
    this.environment = environment;
    this.colours = !environment.containsKey("NO_COLOR") && !"dumb".equals(environment.get("TERM"));
  }

  /// The console of this process.
  static Console system() {
    return new Console(
        System.in,
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        systemTerminals(),
        System.getenv());
  }

  /// A console of nobody: nothing is typed, and nothing is shown.
  static Console nobody() {
    return new Console(
        InputStream.nullInputStream(),
        OutputStream.nullOutputStream(),
        OutputStream.nullOutputStream(),
        Set.of(),
        Map.of());
  }

  /// Which standard streams are terminals: the launcher knows; without it, all of them or none.
  @SuppressWarnings("SystemConsoleNull") // it is null, unless -Djdk.console chooses another one
  private static Set<Stream> systemTerminals() {
    String told = System.getProperty("internvl4j.terminals");
    if (told == null) {
      java.io.Console console = System.console();
      return console != null && console.isTerminal() ? Set.of(Stream.values()) : Set.of();
    }
    Set<Stream> terminals = EnumSet.noneOf(Stream.class);
    for (Stream stream : Stream.values()) {
      if (told.contains(stream.name().toLowerCase(Locale.ROOT))) {
        terminals.add(stream);
      }
    }
    return terminals;
  }

  /// Files and pipes get UTF-8; so does a terminal, unless it speaks another charset than ASCII.
  private static PrintStream print(OutputStream target, @Nullable Charset terminal) {
    boolean other = terminal != null && !terminal.equals(StandardCharsets.US_ASCII);
    return new PrintStream(target, true, other ? terminal : StandardCharsets.UTF_8);
  }

  void quiet(boolean quiet) {
    this.quiet = quiet;
  }

  void verbose(boolean verbose) {
    this.verbose = verbose;
  }

  void noColours() {
    colours = false;
  }

  /// Where answers go.
  PrintStream out() {
    return out;
  }

  InputStream in() {
    return in;
  }

  Map<String, String> environment() {
    return environment;
  }

  /// Whether stack traces are wanted.
  boolean isVerbose() {
    return verbose;
  }

  boolean isTerminal(Stream stream) {
    return terminals.contains(stream);
  }

  /// Whether answers go to a terminal that shows colours.
  boolean hasColours() {
    return colours && isTerminal(Stream.OUT);
  }

  /// Whether a line on stderr may be written over.
  boolean hasProgress() {
    return !quiet && isTerminal(Stream.ERR) && !"dumb".equals(environment.get("TERM"));
  }

  /// Text that is dimmed where colours are shown.
  String dim(String text) {
    return styled("2", text);
  }

  /// Text that is bold where colours are shown.
  String bold(String text) {
    return styled("1", text);
  }

  private String styled(String code, String text) {
    return hasColours() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /// Whether there is somebody to answer a question.
  boolean isInteractive() {
    return !quiet && isTerminal(Stream.IN) && isTerminal(Stream.ERR);
  }

  /// Asks a question that is answered by yes or no.
  ///
  /// @param usual the answer of an empty line; without a line it is no
  boolean confirm(String question, boolean usual) throws IOException {
    overwrite("");
    err.print(question + (usual ? " [Y/n] " : " [y/N] "));
    err.flush();
    StringBuilder answer = new StringBuilder();
    int c = in.read();
    for (; c >= 0 && c != '\n'; c = in.read()) {
      answer.append((char) c);
    }
    String word = answer.toString().strip().toLowerCase(Locale.ROOT);
    return word.isEmpty() ? usual && c >= 0 : word.equals("y") || word.equals("yes");
  }

  /// A line that only helps; dropped by `--quiet`.
  void note(String line) {
    if (!quiet) {
      line(line);
    }
  }

  /// A line about what went wrong.
  void complain(String line) {
    line("internvl: " + line);
  }

  /// A line that was asked for but is no answer, such as statistics.
  void report(String line) {
    line(line);
  }

  private void line(String line) {
    if (overwriting) {
      overwrite("");
    }
    err.println(line);
  }

  void trace(Throwable e) {
    e.printStackTrace(err);
  }

  /// Writes over the line on stderr where the cursor stands; `""` erases it.
  void overwrite(String line) {
    overwriting = !line.isEmpty();
    err.print(ERASE_LINE + line);
    err.flush();
  }

  /// Erases the line above the cursor on stderr.
  void eraseLineAbove() {
    err.print("\u001b[A" + ERASE_LINE);
    err.flush();
  }

  /// Whoever read the answers has enough of them.
  static final class ClosedException extends UncheckedIOException {
    @Serial private static final long serialVersionUID = 1;

    ClosedException(IOException cause) {
      super(cause);
    }
  }

  /// Lets a failed write through [PrintStream], which swallows an [IOException].
  private static final class Failing extends FilterOutputStream {
    Failing(OutputStream target) {
      super(target);
    }

    @Override
    public void write(byte[] bytes, int from, int count) {
      try {
        out.write(bytes, from, count);
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void flush() {
      try {
        out.flush();
      } catch (IOException e) {
        throw failure(e);
      }
    }

    private static UncheckedIOException failure(IOException e) {
      String message = String.valueOf(e.getMessage());
      return message.contains("Broken pipe") || message.contains("pipe is being closed")
          ? new ClosedException(e)
          : new UncheckedIOException(e);
    }
  }
}
