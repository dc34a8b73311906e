package org.internvl4j.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Turns the numbers of a run into the tables and pictures of `docs/PERFORMANCE.md`.
public final class Report {
  private Report() {}

  /// `Report RESULTS.json [DOCS]`
  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]);
    Path docs = Path.of(args.length > 1 ? args[1] : "docs");
    write(Results.of(Files.readAllBytes(file), file.toString()), file, docs);
  }

  static void write(Results results, Path file, Path docs) throws IOException {
    Path pictures = Files.createDirectories(docs.resolve("performance"));
    List<Goals.Goal> goals = Goals.of(results);
    Charts.goals(goals, pictures.resolve("goals.svg"));
    List<Breakdown> tokens = pieces(results, "a token");
    if (!tokens.isEmpty()) {
      Charts.stacked("a token", tokens, "ms", pictures.resolve("token.svg"));
    }
    List<Breakdown> others = pieces(results, "");
    others.removeAll(tokens);
    if (!others.isEmpty()) {
      Charts.stacked("a prompt and a tile", others, "%", pictures.resolve("tile.svg"));
    }
    Path page = docs.resolve("PERFORMANCE.md");
    String text = Files.readString(page);
    text = Page.replace(text, "machine", Page.machine(results, link(docs, file)));
    text = Page.replace(text, "goals", Page.goals(goals));
    text = Page.replace(text, "engines", Page.engines(results));
    text = Page.replace(text, "token", tables(tokens));
    text = Page.replace(text, "tile", tables(others));
    text = Page.replace(text, "all", Page.all(results));
    text = Page.replace(text, "failures", failures(results));
    Files.writeString(page, text, StandardCharsets.UTF_8);
    System.out.println("written: " + page);
  }

  private static List<Breakdown> pieces(Results results, String word) {
    return new ArrayList<>(
        results.breakdowns().stream().filter(b -> b.what().contains(word)).toList());
  }

  private static String tables(List<Breakdown> pieces) {
    StringBuilder text = new StringBuilder();
    pieces.forEach(piece -> text.append(Page.breakdown(piece)));
    return text.append('\n').toString();
  }

  private static String failures(Results results) {
    StringBuilder text = new StringBuilder();
    results
        .failures()
        .forEach(failure -> text.append("- not measured: ").append(failure).append('\n'));
    return text.toString();
  }

  private static String link(Path docs, Path file) {
    return docs.toAbsolutePath().relativize(file.toAbsolutePath()).toString();
  }
}
