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
  private boolean begun;

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
    String line = reader.readLine();
    if (!begun && line != null && line.startsWith(MARK)) {
      line = line.substring(1);
    }
    begun = true;
    while (line != null && line.isBlank()) {
      line = reader.readLine();
    }
    return line == null ? null : row(line);
  }

  private static Row row(String path) {
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
