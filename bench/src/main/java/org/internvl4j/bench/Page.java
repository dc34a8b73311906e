package org.internvl4j.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.internvl4j.bench.Measurement.Sample;

/// Puts generated tables between the marks of a page that people write: `<!-- goals -->` up to
/// `<!-- /goals -->`.
final class Page {
  private Page() {}

  /// @throws IllegalArgumentException if the page has no such marks
  static String replace(String page, String mark, String content) {
    String open = "<!-- " + mark + " -->";
    String close = "<!-- /" + mark + " -->";
    int from = page.indexOf(open);
    int to = page.indexOf(close);
    if (from < 0 || to < from) {
      throw new IllegalArgumentException(
          "bench: the page has no " + open + " … " + close + " to write between");
    }
    return page.substring(0, from + open.length()) + "\n" + content + page.substring(to);
  }

  /// The goals, measured and promised.
  static String goals(List<Goals.Goal> goals) {
    StringBuilder table =
        new StringBuilder(
            "| what | goal | median | best | | command |\n|---|---|---|---|---|---|\n");
    for (Goals.Goal goal : goals) {
      table.append("| ").append(goal.what());
      if (!goal.note().isEmpty()) {
        table.append(" (").append(goal.note()).append(')');
      }
      table.append(" | ").append(goal.promised());
      if (goal.isMeasured()) {
        table.append(" | ").append(goal.format(goal.median()));
        table.append(" | ").append(goal.format(goal.best()));
        table.append(" | ").append(goal.isMet() ? "met" : "**missed**");
      } else {
        table.append(" | not measured | | ");
      }
      table.append(" | ").append(code(goal.command())).append(" |\n");
    }
    return table.toString();
  }

  private static String code(String command) {
    return command.isEmpty() ? "" : "`" + command.replace("; ", "` `") + "`";
  }

  /// The machine, and how quiet it was.
  static String machine(Results results, String file) {
    StringBuilder text = new StringBuilder();
    text.append("Measured on ").append(results.date()).append(" by `").append(results.command());
    text.append("`, all numbers in [").append(file).append("](").append(file).append(").\n\n");
    text.append("| | |\n|---|---|\n");
    new TreeMap<>(results.machine())
        .forEach((name, value) ->
            text.append("| ").append(name).append(" | ").append(value).append(" |\n"));
    text.append(
        String.format(
            Locale.ROOT,
            "| processor time of other programs meanwhile | %.0f s |%n",
            results.othersSeconds()));
    return text.toString();
  }

  /// Every measurement of the run.
  static String all(Results results) {
    StringBuilder table =
        new StringBuilder(
            """
            | what | median | best | GB/s | of plain read | GFLOP/s | of plain fma | command |
            |---|---|---|---|---|---|---|---|
            """);
    for (Measurement m : results.measurements()) {
      double median = m.median(Sample::seconds);
      table
          .append("| ")
          .append(name(m))
          .append(" | ")
          .append(time(median))
          .append(" | ")
          .append(time(-m.best(s -> -s.seconds())))
          .append(rate(m, "gigabytes", Sample::shareOfRead))
          .append(rate(m, "gigaflops", Sample::shareOfFma))
          .append(" | `")
          .append(m.command())
          .append("` |\n");
    }
    return table.toString();
  }

  /// Who computed what in the comparisons, in their own words.
  static String engines(Results results) {
    return results.measurements().stream()
        .map(Measurement::engine)
        .filter(engine -> !engine.isEmpty())
        .distinct()
        .sorted()
        .map(engine -> "- " + engine + "\n")
        .collect(Collectors.joining());
  }

  private static String name(Measurement m) {
    String benchmark =
        m.benchmark().replaceAll("Benchmark\\..*|\\..*", "").toLowerCase(Locale.ROOT);
    String params =
        m.params().entrySet().stream()
            .filter(e -> !e.getKey().equals("device"))
            .filter(e -> !(e.getKey().equals("threads") && e.getValue().equals("0")))
            .map(Map.Entry::getValue)
            .collect(Collectors.joining(" "));
    String method = m.benchmark().substring(m.benchmark().indexOf('.') + 1);
    return (benchmark.equals("startup") || benchmark.equals("load")
            ? benchmark + " " + method
            : benchmark)
        + " "
        + params;
  }

  private static String time(double seconds) {
    return seconds >= 1
        ? String.format(Locale.ROOT, "%.2f s", seconds)
        : seconds >= 1e-3
            ? String.format(Locale.ROOT, "%.2f ms", seconds * 1e3)
            : String.format(Locale.ROOT, "%.1f µs", seconds * 1e6);
  }

  private static String rate(Measurement m, String fact, ToDoubleFunction<Sample> share) {
    double rate = m.median(s -> s.fact(fact) / s.seconds());
    return Double.isNaN(rate)
        ? " | | "
        : String.format(Locale.ROOT, " | %.1f | %.0f %%", rate, 100 * m.median(share));
  }

  /// Kernels of pieces of work, longest first.
  static String breakdown(Breakdown piece) {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT,
            "%n**%s**: %.2f ms (`%s`)%n%n| kernel | ms | share |%n|---|---|---|%n",
            piece.what(),
            piece.wallMillis(),
            piece.command()));
    piece
        .kernelMillis()
        .forEach((kernel, millis) -> {
          if (millis >= 0.002 * piece.wallMillis()) {
            table.append(line(kernel, millis, piece.wallMillis()));
          }
        });
    return table
        .append(line("between kernels", piece.betweenMillis(), piece.wallMillis()))
        .toString();
  }

  private static String line(String what, double millis, double whole) {
    return String.format(
        Locale.ROOT, "| %s | %.3f | %.1f %% |%n", what, millis, 100 * millis / whole);
  }
}
