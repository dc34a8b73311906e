package org.internvl4j.cli;

import org.internvl4j.models.AnswerListener;

/// Writes an answer to stdout while it is made; before its first word, shows how far the model is.
final class StreamedAnswer implements AnswerListener, AutoCloseable {
  private final Console console;
  private final Progress progress;
  private final boolean written;
  private final String label;
  private boolean begun;

  private StreamedAnswer(Console console, boolean written, String label) {
    this.console = console;
    this.progress = new Progress(console);
    this.written = written;
    this.label = label;
  }

  /// An answer that is written as it comes.
  ///
  /// @param label what comes before its first word
  static StreamedAnswer written(Console console, String label) {
    return new StreamedAnswer(console, true, label);
  }

  /// An answer that is only awaited.
  static StreamedAnswer awaited(Console console) {
    return new StreamedAnswer(console, false, "");
  }

  @Override
  public void text(String piece) {
    progress.clear();
    if (written) {
      begin();
      console.out().print(piece);
      console.out().flush();
    }
  }

  private void begin() {
    if (!begun) {
      begun = true;
      console.out().print(label);
    }
  }

  @Override
  public void tileEncoded(int done, int total) {
    show("looking at tiles", done, total);
  }

  @Override
  public void promptRead(int done, int total) {
    show("reading the prompt", done, total);
  }

  /// The line of an answer that has begun is not drawn over.
  private void show(String what, int done, int total) {
    if (!begun) {
      progress.show(what, done, total);
    }
  }

  /// Says that the answer is complete; an empty one is a line, too.
  void complete() {
    text("");
  }

  /// Erases the progress, and ends the line if one was begun.
  @Override
  public void close() {
    progress.clear();
    if (begun) {
      console.out().println();
    }
  }
}
