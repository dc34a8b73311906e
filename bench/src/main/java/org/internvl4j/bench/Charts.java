package org.internvl4j.bench;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Pictures of a run.
final class Charts {
  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  private static final Color MET = new Color(0x2e7d32);
  private static final Color MISSED = new Color(0xc62828);
  private static final double SMALL = 0.015;
  private static final double CUT = 150; // what is better than that is drawn so high

  private Charts() {}

  /// How far each goal was reached, 100 % being the goal.
  static void goals(List<Goals.Goal> goals, Path file) throws IOException {
    List<Goals.Goal> measured = goals.stream().filter(Goals.Goal::isMeasured).toList();
    if (measured.isEmpty()) {
      return;
    }
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(1000)
            .height(720)
            .title("measured, in % of the goal (green: met)")
            .yAxisTitle("%")
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setStacked(true);
    chart.getStyler().setXAxisLabelRotation(55);
    chart.getStyler().setAxisTickLabelsFont(TEXT.deriveFont(11f));
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(CUT);
    List<String> names = measured.stream().map(Goals.Goal::what).toList();
    add(chart, "met", names, measured, true, MET);
    add(chart, "missed", names, measured, false, MISSED);
    save(chart, file);
  }

  private static void add(
      CategoryChart chart,
      String name,
      List<String> names,
      List<Goals.Goal> goals,
      boolean met,
      Color colour) {
    double[] values =
        goals.stream()
            .mapToDouble(g -> g.isMet() == met ? Math.min(100 * g.reached(), CUT) : 0)
            .toArray();
    chart.addSeries(name, names, Arrays.stream(values).boxed().toList()).setFillColor(colour);
  }

  /// Where the time goes: a column for each piece of work, its kernels on each other.
  ///
  /// @param unit `ms`, or `%` for shares of each piece's whole time
  static void stacked(String title, List<Breakdown> pieces, String unit, Path file)
      throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder().width(1000).height(560).title(title).yAxisTitle(unit).build();
    style(chart.getStyler());
    chart.getStyler().setStacked(true);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setAvailableSpaceFill(0.6);
    List<String> columns = pieces.stream().map(Breakdown::what).toList();
    Set<String> kernels = new LinkedHashSet<>();
    for (Breakdown piece : pieces) {
      piece
          .kernelMillis()
          .forEach((kernel, millis) -> {
            if (millis >= SMALL * piece.wallMillis()) {
              kernels.add(kernel);
            }
          });
    }
    for (String kernel : kernels) {
      double[] values = new double[pieces.size()];
      Arrays.setAll(
          values,
          i -> pieces.get(i).kernelMillis().getOrDefault(kernel, 0.0) * scale(pieces.get(i), unit));
      chart.addSeries(kernel, columns, Arrays.stream(values).boxed().toList());
    }
    double[] rest = new double[pieces.size()];
    double[] between = new double[pieces.size()];
    for (int i = 0; i < rest.length; i++) {
      Breakdown piece = pieces.get(i);
      rest[i] =
          piece.kernelMillis().entrySet().stream()
                  .filter(e -> !kernels.contains(e.getKey()))
                  .mapToDouble(Map.Entry::getValue)
                  .sum()
              * scale(piece, unit);
      between[i] = Math.max(0, piece.betweenMillis()) * scale(piece, unit);
    }
    chart.addSeries("other kernels", columns, Arrays.stream(rest).boxed().toList());
    chart.addSeries("between kernels", columns, Arrays.stream(between).boxed().toList());
    save(chart, file);
  }

  /// How a token's time and the tokens of all grow with how many answers grow together.
  ///
  /// @param millis of a token of each, by how many they are, from 1
  static void serving(String title, double[] millis, Path file) throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(1000)
            .height(480)
            .title(title + ": as many times one answer alone")
            .xAxisTitle("answers together")
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    List<Integer> counts = IntStream.rangeClosed(1, millis.length).boxed().toList();
    chart.addSeries(
        "tokens a second of all",
        counts,
        counts.stream().map(n -> n * millis[0] / millis[n - 1]).toList());
    chart.addSeries(
        "time of a token of each",
        counts,
        counts.stream().map(n -> millis[n - 1] / millis[0]).toList());
    save(chart, file);
  }

  /// What those that speak wait for their tokens while a picture is read, and around that.
  static void picture(String title, Steps.Watched watched, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(1000)
            .height(480)
            .title(title + ": four answers grow while a picture is read")
            .xAxisTitle("seconds since the picture arrived")
            .yAxisTitle("milliseconds between tokens")
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setYAxisMax(1.4 * watched.bound());
    chart
        .addSeries("between two tokens", watched.seconds(), watched.waits())
        .setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    double[] ends = {watched.seconds().getFirst(), watched.seconds().getLast()};
    chart
        .addSeries("the bound", ends, new double[] {watched.bound(), watched.bound()})
        .setMarker(SeriesMarkers.NONE)
        .setLineColor(MISSED);
    save(chart, file);
  }

  /// Rows a second by what ran.
  static void rates(String title, Map<String, Double> rates, Path file) throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(1000)
            .height(420)
            .title(title)
            .yAxisTitle("rows a second")
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(0.0);
    chart.getStyler().setLabelsVisible(true);
    chart.getStyler().setDecimalPattern("0.0");
    chart
        .addSeries("rows", List.copyOf(rates.keySet()), List.copyOf(rates.values()))
        .setFillColor(MET);
    save(chart, file);
  }

  /// Memory of a process by the rows that it has done.
  static void memory(double[] rows, double[] mebibytes, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(1000)
            .height(420)
            .title("memory of a batch, the demo model")
            .xAxisTitle("rows done")
            .yAxisTitle("MiB resident")
            .build();
    style(chart.getStyler());
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(0.0);
    chart.addSeries("resident", rows, mebibytes).setMarker(SeriesMarkers.NONE);
    save(chart, file);
  }

  private static double scale(Breakdown piece, String unit) {
    return unit.equals("%") ? 100 / piece.wallMillis() : 1;
  }

  private static void style(Styler styler) {
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartTitleFont(TEXT.deriveFont(Font.BOLD, 15f));
    styler.setChartTitleBoxVisible(false);
    styler.setLegendFont(TEXT);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
  }

  private static void save(Chart<?, ?> chart, Path file) throws IOException {
    ChartEncoder.saveChart(chart, file.toString(), "svg");
  }
}
