package org.internvl4j.bench;

import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.internvl4j.runtime.DType;
import org.internvl4j.testkit.ShapedCheckpoint;

/// How long a fresh process takes until it speaks at its steady rate.
///
/// `java … org.internvl4j.bench.SteadyRate MODEL [WEIGHTS]` prints, in seconds since the process
/// began, when the model was open, when the first token came, and from when on eight tokens in a
/// row took no longer than 10/9 of what the last half of them took.
public final class SteadyRate {
  private static final int TOKENS = 128;
  private static final int WINDOW = 8;

  private SteadyRate() {}

  public static void main(String[] args) {
    ShapedCheckpoint.Model model = ShapedCheckpoint.Model.valueOf(args[0]);
    String weights = args.length > 1 ? args[1] : "bf16";
    Path folder = ShapedModels.folder(model);
    long started = ManagementFactory.getRuntimeMXBean().getStartTime();
    double before = (System.currentTimeMillis() - started) * 1e-3;
    long start = System.nanoTime();
    double[] at = new double[TOKENS + 1];
    try (Engine engine = Engines.open("internvl4j", folder, weights, 0)) {
      double open = before + (System.nanoTime() - start) * 1e-9;
      int said = engine.prefill(Speaker.prompt(16));
      for (int i = 0; i <= TOKENS; i++) {
        at[i] = before + (System.nanoTime() - start) * 1e-9;
        said = engine.next(said);
      }
      long resident = ProcessMemory.residentBytes();
      long needed =
          ModelWork.weightBytes(
                  Speaker.config(folder), DType.valueOf(weights.toUpperCase(Locale.ROOT)))
              + engine.cacheBytes();
      print(open, at, resident, needed, System.out);
    }
  }

  private static void print(double open, double[] at, long resident, long needed, PrintStream out) {
    out.printf(
        Locale.ROOT,
        "open %.3f first %.3f steady %.3f rate %.2f resident %.1f needed %.1f%n",
        open,
        at[0],
        steadyFrom(at),
        1 / steady(at),
        resident * 1e-6,
        needed * 1e-6);
  }

  /// What a process printed, for the results.
  static Measurement measurement(String printed) {
    String line =
        printed
            .lines()
            .filter(l -> l.startsWith("open "))
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("bench: no line of rates in " + printed));
    List<String> words = List.of(line.split(" ", -1));
    Map<String, Double> facts =
        Map.of(
            "openSeconds", Double.parseDouble(words.get(1)),
            "firstTokenSeconds", Double.parseDouble(words.get(3)),
            "tokensPerSecond", Double.parseDouble(words.get(7)),
            "residentMegabytes", Double.parseDouble(words.get(9)),
            "neededMegabytes", Double.parseDouble(words.get(11)));
    return new Measurement(
        "SteadyRate",
        Map.of("model", "INTERNVL2_1B", "weights", "bf16"),
        "bench/run steady INTERNVL2_1B bf16",
        "",
        List.of(new Measurement.Sample(Double.parseDouble(words.get(5)), facts)),
        Double.NaN);
  }

  /// Seconds a token in the last half, the median.
  static double steady(double[] at) {
    double[] steps = new double[at.length / 2];
    Arrays.setAll(
        steps, i -> at[at.length - steps.length + i] - at[at.length - steps.length + i - 1]);
    return Measurement.median(steps);
  }

  /// When the first window of tokens began that was as fast as the last ones.
  static double steadyFrom(double[] at) {
    double limit = steady(at) * WINDOW / 0.9;
    for (int i = 0; i + WINDOW < at.length; i++) {
      if (at[i + WINDOW] - at[i] <= limit) {
        return at[i];
      }
    }
    return at[at.length - 1];
  }
}
