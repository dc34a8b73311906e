package org.internvl4j.server.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A resource of rows with tabs between their cells; a backslash begins an escape of Java.
final class Table {
  private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u[0-9a-fA-F]{4}|.)");

  private Table() {}

  static List<List<String>> rows(String name) throws IOException {
    try (InputStream in = Objects.requireNonNull(Table.class.getResourceAsStream(name), name)) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> List.of(line.split("\t", -1)))
          .map(row -> row.stream().map(Table::unescape).toList())
          .toList();
    }
  }

  private static String unescape(String cell) {
    return ESCAPE
        .matcher(cell)
        .replaceAll(found -> Matcher.quoteReplacement(meaning(found.group().substring(1))));
  }

  private static String meaning(String escape) {
    return escape.startsWith("u")
        ? String.valueOf((char) Integer.parseInt(escape.substring(1), 16))
        : ("\\" + escape).translateEscapes();
  }
}
