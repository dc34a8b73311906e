package org.internvl4j.spark;

import java.io.Serializable;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.internvl4j.batch.Outcome.Failed;
import org.internvl4j.batch.PictureSource;
import org.internvl4j.batch.Row.Unreadable;
import org.jspecify.annotations.Nullable;

/// Finds the pictures of a row: bytes, paths, or a list of either.
///
/// @param column where they are
record Pictures(int column) implements Serializable {
  private static final String ID = ""; // the table has its own keys
  private static final String FILE = "file:";
  private static final Pattern ELSEWHERE = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+://.*");

  /// @param caseSensitive whether `Path` and `path` are two columns
  /// @throws IllegalArgumentException if there is no such column, or no pictures can be in it
  static Pictures in(StructType table, String column, boolean caseSensitive) {
    String[] names = table.fieldNames();
    int[] found =
        IntStream.range(0, names.length)
            .filter(
                i -> caseSensitive ? names[i].equals(column) : names[i].equalsIgnoreCase(column))
            .toArray();
    if (found.length != 1) {
      throw new IllegalArgumentException(
          "internvl: the table has "
              + (found.length == 0 ? "no column " : found.length + " columns ")
              + column
              + ", expected one of "
              + Arrays.toString(names));
    }
    DataType type = table.fields()[found[0]].dataType();
    if (!isPicture(type) && !(type instanceof ArrayType list && isPicture(list.elementType()))) {
      throw new IllegalArgumentException(
          "internvl: column "
              + column
              + " is "
              + type.simpleString()
              + ", expected binary (files), string (paths) or an array of either");
    }
    return new Pictures(found[0]);
  }

  private static boolean isPicture(DataType type) {
    return type instanceof BinaryType || type instanceof StringType;
  }

  org.internvl4j.batch.Row of(Row row) {
    return of(row.get(column), null);
  }

  /// @param value bytes, a path, or a sequence of either
  /// @param prompt null for the task's
  static org.internvl4j.batch.Row of(@Nullable Object value, @Nullable String prompt) {
    try {
      List<PictureSource> pictures = new ArrayList<>();
      switch (value) {
        case null -> {
          return missing();
        }
        case scala.collection.Iterable<?> several -> {
          scala.collection.Iterator<?> each = several.iterator();
          while (each.hasNext()) {
            Object one = each.next();
            if (one == null) {
              return missing();
            }
            pictures.add(picture(one, pictures.size()));
          }
        }
        default -> pictures.add(picture(value, 0));
      }
      return org.internvl4j.batch.Row.of(ID, ID, pictures, prompt);
    } catch (IllegalArgumentException e) {
      return unreadable(e);
    }
  }

  private static Unreadable missing() {
    return new Unreadable(ID, Failed.picture("picture: is null, expected bytes or a path"));
  }

  /// A row that makes no sense.
  static org.internvl4j.batch.Row unreadable(IllegalArgumentException why) {
    return new Unreadable(ID, Failed.input(String.valueOf(why.getMessage())));
  }

  private static PictureSource picture(Object value, int index) {
    return switch (value) {
      case byte[] bytes -> new PictureSource.OfBytes("picture " + (index + 1), bytes);
      case String path -> new PictureSource.OfFile(path(path));
      default ->
          throw new IllegalArgumentException(
              "picture: is " + value.getClass().getSimpleName() + ", expected bytes or a path");
    };
  }

  /// As they are; as `binaryFile` writes them, `file:/…`; or as `_metadata` does, which escapes
  /// what is unusual in addresses.
  private static Path path(String text) {
    try {
      if (text.startsWith(FILE)) {
        Path plain = Path.of(text.substring(FILE.length()).replaceFirst("^/+", "/"));
        return Files.exists(plain) ? plain : unescaped(text, plain);
      }
      if (ELSEWHERE.matcher(text).matches()) {
        throw new IllegalArgumentException(
            "picture: "
                + text
                + " is no file of this machine; give the bytes that binaryFile reads");
      }
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("picture: " + text + " cannot name a file", e);
    }
  }

  private static Path unescaped(String text, Path plain) {
    try {
      return Path.of(URI.create(text));
    } catch (IllegalArgumentException e) {
      return plain; // which is no address, and not there
    }
  }
}
