package org.internvl4j.batch;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.internvl4j.batch.Outcome.Failed;
import org.jspecify.annotations.Nullable;

/// A list of picture files, a path a line, blanks at its ends included; empty lines are none.
final class Lines implements Input {
  private static final String MARK = "\ufeff"; // that some editors put in front of a file

  private final BufferedReader reader;
  private long number;

  /// @param reader is closed with this
  Lines(BufferedReader reader) {
    this.reader = reader;
  }

  @Override
  public long size() {
    return -1;
  }

  @Override
  public @Nullable Row next() throws IOException {
    String line = line();
    while (line != null && line.isBlank()) {
      line = line();
    }
    return line == null ? null : row(line);
  }

  /// However long it is: what is too long for a row's name is not kept.
  ///
  /// @return null at the end
  private @Nullable String line() throws IOException {
    int c = reader.read();
    if (c < 0) {
      return null;
    }
    StringBuilder line = new StringBuilder();
    for (; c >= 0 && c != '\n' && c != '\r'; c = reader.read()) {
      if (line.length() <= Row.LONGEST_ID + 1) { // the mark, and one that tells of more
        line.append((char) c);
      }
    }
    if (c == '\r') {
      reader.mark(1);
      if (reader.read() != '\n') {
        reader.reset();
      }
    }
    number++;
    return number == 1 && line.indexOf(MARK) == 0 ? line.substring(1) : line.toString();
  }

  private Row row(String path) {
    if (path.length() > Row.LONGEST_ID) {
      return new Row.Unreadable(
          String.valueOf(number),
          Failed.input(
              "line %d has more than %d characters, expected the path of a picture"
                  .formatted(number, Row.LONGEST_ID)));
    }
    try {
      return Row.Item.of(path, new PictureSource.OfFile(Path.of(path)));
    } catch (InvalidPathException e) {
      return new Row.Unreadable(path, Failed.input("cannot name a file: " + e.getReason()));
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }
}
