package org.internvl4j.cli;

import java.util.ArrayList;
import java.util.List;

/// Tables for people.
final class Columns {
  private Columns() {}

  /// Lines whose cells stand below each other.
  static List<String> aligned(List<List<String>> rows) {
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size() - 1; i++) {
        int column = i;
        int width = rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
        line.append(row.get(i)).repeat(' ', width - row.get(i).length()).append("  ");
      }
      lines.add(line + row.getLast());
    }
    return lines;
  }
}
