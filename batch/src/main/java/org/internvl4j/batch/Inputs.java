package org.internvl4j.batch;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Locale;
import org.internvl4j.media.Pictures;

/// Where rows come from.
public final class Inputs {
  private static final String STDIN = "-";

  private Inputs() {}

  /// What a user names: a folder; a pattern with `*`, `**`, `?`, `[…]` or `{…}`; a file of rows,
  /// `*.jsonl`; or `-` for paths on standard input, a line each. The caller closes it.
  ///
  /// @param stdin read if it is `-`
  /// @throws IOException if it cannot be read
  /// @throws IllegalArgumentException if it is none of these
  public static Input open(String named, InputStream stdin) throws IOException {
    if (named.equals(STDIN)) {
      return list(stdin);
    }
    int wild = firstWild(named);
    if (wild >= 0 && !Files.exists(Path.of(named))) {
      return matching(named, wild);
    }
    Path path = Path.of(named);
    if (Files.isDirectory(path)) {
      return folder(path);
    }
    if (!Files.exists(path)) {
      throw new NoSuchFileException(named);
    }
    if (hasPrompts(named)) {
      return jsonLines(path);
    }
    throw new IllegalArgumentException(
        named + ": expected a folder, a pattern, a file of rows (.jsonl) or - for a list on stdin");
  }

  /// Whether rows may ask questions of their own.
  public static boolean hasPrompts(String named) {
    return named.toLowerCase(Locale.ROOT).endsWith(".jsonl");
  }

  /// All pictures below a folder, by their paths in it.
  ///
  /// @throws IOException if a folder cannot be read
  public static Input folder(Path folder) throws IOException {
    return new Folder(folder, Pictures::hasPictureName);
  }

  /// Picture files, a path a line.
  public static Input list(InputStream in) {
    return new Lines(new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)));
  }

  /// Rows as lines of JSON: `{"id": …, "images": […], "prompt": …}`.
  ///
  /// @throws IOException if it cannot be opened
  public static Input jsonLines(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    return new JsonLines(
        new BufferedInputStream(Files.newInputStream(file), 1 << 16),
        folder == null ? file.toAbsolutePath() : folder,
        String.valueOf(file.getFileName()));
  }

  /// Files that a pattern fits, whatever their names end with: those that it names.
  private static Input matching(String pattern, int wild) throws IOException {
    int slash = pattern.lastIndexOf('/', wild);
    Path top = Path.of(slash < 0 ? "" : pattern.substring(0, slash + 1));
    if (!Files.isDirectory(top)) {
      throw new NoSuchFileException(top.toString());
    }
    PathMatcher matcher =
        FileSystems.getDefault().getPathMatcher("glob:" + pattern.substring(slash + 1));
    return new Folder(top, file -> matcher.matches(top.relativize(file)));
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
