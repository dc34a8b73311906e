package org.internvl4j.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.media.Pictures;
import org.jspecify.annotations.Nullable;

/// Finds picture files in what a person types, or drops onto the terminal: plain, quoted, or with
/// escaped spaces.
final class PicturePaths {
  private static final Pattern WORD =
      Pattern.compile("'([^']+)'|\"([^\"]+)\"|((?:\\\\.|[^\\s\\\\])+)");

  private PicturePaths() {}

  /// A text and the pictures that were named in it.
  ///
  /// @param text without their paths
  record Found(String text, List<Path> pictures) {}

  /// Takes the pictures out of a text: words that end like a picture and name a file that exists.
  static Found find(String line) {
    List<Path> pictures = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    Matcher word = WORD.matcher(line);
    int from = 0;
    while (word.find()) {
      Path picture = picture(word);
      if (picture != null) {
        text.append(line, from, word.start());
        from = word.end();
        pictures.add(picture);
      }
    }
    text.append(line.substring(from));
    String left = pictures.isEmpty() ? text.toString() : text.toString().replaceAll(" {2,}", " ");
    return new Found(left.strip(), pictures);
  }

  /// All words of a line as paths, whether they exist or not.
  static List<Path> all(String line) {
    List<Path> paths = new ArrayList<>();
    Matcher word = WORD.matcher(line);
    while (word.find()) {
      paths.add(Path.of(expanded(unquoted(word))));
    }
    return paths;
  }

  /// Whether a line that begins with a slash is a picture's path and no command.
  static boolean beginsWithPicture(String line) {
    Matcher word = WORD.matcher(line);
    return word.lookingAt() && picture(word) != null;
  }

  /// Whether a line begins with the name of a picture, which need not exist.
  static boolean namesPicture(String line) {
    Matcher word = WORD.matcher(line);
    return word.lookingAt() && Pictures.hasPictureName(unquoted(word));
  }

  private static @Nullable Path picture(Matcher word) {
    String name = unquoted(word);
    if (!Pictures.hasPictureName(name)) {
      return null;
    }
    try {
      Path path = Path.of(expanded(name));
      return Files.isRegularFile(path) ? path : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static String unquoted(Matcher word) {
    if (word.group(1) != null) {
      return word.group(1);
    }
    return word.group(2) != null ? word.group(2) : word.group(3).replaceAll("\\\\(.)", "$1");
  }

  private static String expanded(String name) {
    return name.startsWith("~/") ? System.getProperty("user.home") + name.substring(1) : name;
  }
}
