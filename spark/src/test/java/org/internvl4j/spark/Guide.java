package org.internvl4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.testkit.Fixtures;

/// `docs/SPARK.md`: its snippets and tables.
final class Guide {
  private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");

  private Guide() {}

  static String page() throws IOException {
    return Files.readString(Fixtures.home().resolve("docs/SPARK.md"));
  }

  /// The one block of a language.
  ///
  /// @param places what stands for the folders that it names
  static String block(String language, Map<String, String> places) throws IOException {
    Matcher block =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(page());
    if (!block.find()) {
      throw new AssertionError("docs/SPARK.md has no block of " + language);
    }
    return placed(block.group(1), places);
  }

  /// The command that starts with a word, its arguments.
  static List<String> command(String program, Map<String, String> places) throws IOException {
    String command =
        page()
            .lines()
            .dropWhile(line -> !line.startsWith("    " + program))
            .takeWhile(line -> line.startsWith("    "))
            .reduce("", (all, line) -> all + line.replaceFirst("\\\\$", " "));
    return List.of(placed(command.strip(), places).split("\\s+", -1));
  }

  private static String placed(String text, Map<String, String> places) {
    String placed = text;
    for (Map.Entry<String, String> place : places.entrySet()) {
      if (!placed.contains(place.getKey())) {
        throw new AssertionError("docs/SPARK.md does not name " + place.getKey() + " in " + text);
      }
      placed = placed.replace(place.getKey(), place.getValue());
    }
    return placed;
  }

  /// The rows of the table under a heading, cell by cell.
  static List<List<String>> table(String heading) throws IOException {
    return page()
        .lines()
        .dropWhile(line -> !line.equals("## " + heading))
        .skip(1)
        .takeWhile(line -> !line.startsWith("## "))
        .filter(line -> line.startsWith("| ") && !line.startsWith("|-"))
        .skip(1) // names of columns
        .map(line -> Stream.of(line.split("\\|", -1)).map(String::strip).skip(1).toList())
        .toList();
  }

  /// What of a cell is code.
  static List<String> code(String cell) {
    return CODE.matcher(cell).results().map(found -> found.group(1)).toList();
  }
}
