package org.internvl4j.spark;

import java.io.Serializable;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.batch.PictureSource;
import org.internvl4j.batch.Row.Item;
import org.internvl4j.batch.Row.Unreadable;
import org.jspecify.annotations.Nullable;

/// Finds the pictures of a row: bytes, paths, or a list of either.
///
/// @param column where they are
record Pictures(int column) implements Serializable {
  private static final String ID = ""; // the table has its own keys

  org.internvl4j.batch.Row of(Row row) {
    return of(row.get(column), null);
  }

  /// @param value bytes, a path, or a sequence of either
  /// @param prompt null for the task's
  static org.internvl4j.batch.Row of(@Nullable Object value, @Nullable String prompt) {
    try {
      List<PictureSource> pictures = new ArrayList<>();
      switch (value) {
        case null ->
            throw new IllegalArgumentException("picture: is null, expected bytes or a path");
        case scala.collection.Iterable<?> several -> {
          scala.collection.Iterator<?> each = several.iterator();
          while (each.hasNext()) {
            pictures.add(picture(each.next(), pictures.size()));
          }
        }
        case List<?> several -> {
          for (Object each : several) {
            pictures.add(picture(each, pictures.size()));
          }
        }
        default -> pictures.add(picture(value, 0));
      }
      return new Item(ID, pictures, prompt);
    } catch (IllegalArgumentException e) {
      return new Unreadable(ID, new Failed("input", String.valueOf(e.getMessage())));
    }
  }

  private static PictureSource picture(@Nullable Object value, int index) {
    return switch (value) {
      case byte[] bytes -> new PictureSource.OfBytes("picture " + (index + 1), bytes);
      case String path -> new PictureSource.OfFile(path(path));
      case null, default ->
          throw new IllegalArgumentException(
              "picture: is "
                  + (value == null ? "null" : value.getClass().getSimpleName())
                  + ", expected bytes or a path");
    };
  }

  /// As `binaryFile` writes them, `file:/…`, or as they are.
  private static Path path(String text) {
    try {
      return text.startsWith("file:") ? Path.of(URI.create(text)) : Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("picture: " + text + " cannot name a file", e);
    }
  }
}
