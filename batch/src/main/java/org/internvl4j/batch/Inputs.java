package org.internvl4j.batch;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import org.internvl4j.media.Pictures;

/// Where rows come from.
public final class Inputs {
  private static final String STDIN = "-";
  private static final String EXPECTED =
      "expected a folder, a pattern, a file of rows (.jsonl, .parquet) or - for a list on stdin";

  private Inputs() {}

  /// What a user names: a folder; a pattern with `*`, `**`, `?`, `[…]` or `{…}`; a file of rows,
  /// `*.jsonl` or `*.parquet`, or a pattern that ends so; or `-` for paths on standard input, a
  /// line each. The caller closes it.
  ///
  /// @param columns of Parquet files
  /// @param stdin read if it is `-`
  /// @throws IOException if it cannot be read
  /// @throws BatchException if it is a Parquet file that is none, or damaged
  /// @throws IllegalArgumentException if it is none of these, or has no such columns
  public static Input open(String named, Columns columns, InputStream stdin) throws IOException {
    if (named.equals(STDIN)) {
      return list(stdin);
    }
    if (named.isBlank()) {
      throw new IllegalArgumentException("input: its name is empty; " + EXPECTED);
    }
    if (isPattern(named)) {
      Folder files = matching(named);
      if (files.size() == 0) {
        throw new NoSuchFileException(named, null, "no file fits this pattern");
      }
      return isTable(named) ? new Tables(files, columns) : files;
    }
    Path path = Path.of(named);
    if (Files.isDirectory(path)) {
      return folder(path);
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(named);
    }
    if (isTable(named)) {
      return table(path, columns, "");
    }
    throw new IllegalArgumentException(named + ": " + EXPECTED);
  }

  /// The same for whatever names the same rows: `photos` for `photos/`. What manifests say.
  public static String name(String named) {
    return named.equals(STDIN) || isPattern(named) ? named : Path.of(named).toString();
  }

  private static boolean isPattern(String named) {
    return firstWild(named) >= 0 && !Files.exists(Path.of(named));
  }

  private static boolean isTable(String named) {
    return named.toLowerCase(Locale.ROOT).endsWith(".jsonl") || isParquet(named);
  }

  /// Whether a file is a Parquet file, by its name.
  public static boolean isParquet(String named) {
    return named.toLowerCase(Locale.ROOT).endsWith(".parquet");
  }

  /// A file of rows.
  ///
  /// @param prefix of the numbers that rows without a name are called by
  static Input table(Path file, Columns columns, String prefix) throws IOException {
    return isParquet(file.toString())
        ? new ParquetRows(file, columns, prefix)
        : lines(file, prefix);
  }

  /// The folder that a file lies in.
  static Path folderOf(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    return folder == null ? file.toAbsolutePath() : folder;
  }

  /// All pictures below a folder, by their paths in it. A folder in it that cannot be read is a row
  /// that fails.
  ///
  /// @throws IOException if the folder itself cannot be read
  public static Input folder(Path folder) throws IOException {
    return new Folder(folder, Integer.MAX_VALUE, Pictures::hasPictureName);
  }

  /// Picture files, a path a line.
  public static Input list(InputStream in) {
    return new Lines(new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
  }

  /// Rows as lines of JSON: `{"id": …, "images": […], "prompt": …}`, or requests in OpenAI's form:
  /// `{"custom_id": …, "method": "POST", "url": …, "body": {…}}`.
  ///
  /// @throws IOException if it cannot be opened
  public static Input jsonLines(Path file) throws IOException {
    return lines(file, "");
  }

  private static JsonLines lines(Path file, String prefix) throws IOException {
    try (JsonLines lines = lines(file, prefix, false)) {
      if (!lines.areCalls()) {
        return lines(file, prefix, false);
      }
    }
    return lines(file, prefix, true);
  }

  private static JsonLines lines(Path file, String prefix, boolean calls) throws IOException {
    return new JsonLines(
        new BufferedInputStream(Files.newInputStream(file), 1 << 16),
        folderOf(file),
        String.valueOf(file.getFileName()),
        prefix,
        calls);
  }

  /// Rows of a Parquet file.
  ///
  /// @throws BatchException if it cannot be read
  /// @throws IllegalArgumentException if it has no such columns
  public static Input parquet(Path file, Columns columns) {
    return new ParquetRows(file, columns, "");
  }

  /// Files that a pattern fits, whatever their names end with: those that it names.
  private static Folder matching(String pattern) throws IOException {
    int slash = pattern.lastIndexOf('/', firstWild(pattern));
    Path top = Path.of(slash < 0 ? "" : pattern.substring(0, slash + 1));
    if (!Files.isDirectory(top)) {
      throw new NoSuchFileException(top.toString());
    }
    String below = pattern.substring(slash + 1);
    Pattern paths = Glob.of(below);
    String separator = top.getFileSystem().getSeparator();
    return new Folder(
        top,
        deepest(below),
        file -> paths.matcher(top.relativize(file).toString().replace(separator, "/")).matches());
  }

  /// How many folders may lie above a file that a pattern fits.
  private static int deepest(String pattern) {
    return pattern.contains("**")
        ? Integer.MAX_VALUE
        : (int) pattern.chars().filter(c -> c == '/').count();
  }

  private static int firstWild(String named) {
    for (int i = 0; i < named.length(); i++) {
      if ("*?[{".indexOf(named.charAt(i)) >= 0) {
        return i;
      }
    }
    return -1;
  }
}
