package org.internvl4j.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.internvl4j.bench.Measurement.Sample;

/// What was promised, beside what was measured.
final class Goals {
  private static final String OURS = "internvl4j";

  private final Results results;
  private final List<Goal> goals = new ArrayList<>();

  private Goals(Results results) {
    this.results = results;
  }

  /// One line of the table.
  ///
  /// @param what is measured
  /// @param unit of the numbers: `%`, `×`, `bytes`, `s`
  /// @param limit what was promised
  /// @param atLeast whether more is better; else less is
  /// @param median of all samples; NaN if it was not measured
  /// @param best of all samples
  /// @param note which of several things that is
  /// @param command what measures it again
  record Goal(
      String what,
      String unit,
      double limit,
      boolean atLeast,
      double median,
      double best,
      String note,
      String command) {
    boolean isMeasured() {
      return !Double.isNaN(median);
    }

    /// The median decides.
    boolean isMet() {
      return atLeast ? median >= limit : median <= limit;
    }

    /// 1 where it is just met, more where it is surpassed.
    double reached() {
      return atLeast ? median / limit : limit / Math.max(median, 1e-9);
    }

    String promised() {
      return (atLeast ? "≥ " : "≤ ") + format(limit);
    }

    String format(double value) {
      int digits = unit.equals("%") || unit.equals("bytes") ? 0 : 2;
      return String.format(Locale.ROOT, "%." + digits + "f %s", value, unit);
    }
  }

  /// All of them, in the order of the promise.
  static List<Goal> of(Results results) {
    Goals goals = new Goals(results);
    goals.products();
    goals.tokens();
    goals.prompts();
    goals.memory();
    goals.starting();
    return List.copyOf(goals.goals);
  }

  private void products() {
    for (String threads : List.of("1", "2")) {
      worst(
          "GEMM, bf16 weights, of the fma peak, "
              + threads
              + (threads.equals("1") ? " thread" : " threads"),
          90,
          results
              .all("KernelBenchmark.call", "threads", threads, "weights", "BF16")
              .filter(m -> isProductOfMany(m.params().getOrDefault("shape", "")))
              .toList(),
          Sample::shareOfFma);
    }
    for (String weights : List.of("BF16", "Q8", "Q4")) {
      worst(
          "GEMV, " + weights.toLowerCase(Locale.ROOT) + " weights, of a plain read loop",
          95,
          results
              .all("KernelBenchmark.call", "weights", weights)
              .filter(m -> isProductOfOne(m.params().getOrDefault("shape", "")))
              .toList(),
          Sample::shareOfRead);
    }
  }

  private static boolean isProductOfMany(String shape) {
    return shape.matches(".*\\.(qkv|proj|fc1|fc2|(qkv|out|swiglu|down)\\.prefill)");
  }

  private static boolean isProductOfOne(String shape) {
    return shape.endsWith(".decode") && !shape.matches(".*\\.(attention|norm)\\.decode");
  }

  private void tokens() {
    Optional<Measurement> bf16 = token(OURS, "bf16");
    share("decode, 1B, bf16, of the time to read its weights", 90, bf16, Sample::shareOfRead);
    ratio("decode, 1B, bf16, against Jlama", 1.9, bf16, token("jlama", "bf16"));
    ratio("decode, 1B, q8 against bf16", 1.9, token(OURS, "q8"), bf16);
    ratio("decode, 1B, q4 against bf16", 3.2, token(OURS, "q4"), bf16);
  }

  private void prompts() {
    Optional<Measurement> prompt = results.one("PrefillBenchmark.prompt", "engine", OURS);
    share("prefill of 512, 1B, of the fma peak", 85, prompt, Sample::shareOfFma);
    ratio(
        "prefill of 512, 1B, against Jlama",
        4.6,
        prompt,
        results.one("PrefillBenchmark.prompt", "engine", "jlama"));
    share(
        "a tile, ViT-300M and projector, of the fma peak",
        80,
        results.one("VisionBenchmark.tile"),
        Sample::shareOfFma);
  }

  private Optional<Measurement> token(String engine, String weights) {
    return results.one(
        "DecodeBenchmark.token", "engine", engine, "weights", weights, "model", "INTERNVL2_1B");
  }

  private void memory() {
    Optional<Measurement> fresh = results.one("SteadyRate", "weights", "bf16");
    least(
        "memory while decoding, 1B, bf16, over weights and cache",
        "×",
        1.15,
        fresh,
        s -> s.fact("residentMegabytes") / s.fact("neededMegabytes"));
    Optional<Measurement> token = token(OURS, "bf16");
    double garbage = token.map(Measurement::garbage).orElse(Double.NaN);
    goals.add(
        new Goal(
            "garbage a token", "bytes", 0, false, Math.rint(garbage), garbage, "", command(token)));
  }

  private void starting() {
    least(
        "process start to the steady rate, 1B, bf16",
        "s",
        1.5,
        results.one("SteadyRate", "weights", "bf16"),
        Sample::seconds);
    Optional<Measurement> empty = results.one("StartupBenchmark.empty");
    over(
        "internvl --version over an empty Java program",
        results.one("StartupBenchmark.version"),
        empty);
    over("internvl --help over an empty Java program", results.one("StartupBenchmark.help"), empty);
    least(
        "internvl demo until its first answer, from the second start",
        "s",
        1,
        results.one("StartupBenchmark.firstAnswer"),
        Sample::seconds);
    least(
        "internvl demo, all fifteen answers, from the second start",
        "s",
        1,
        results.one("StartupBenchmark.demo"),
        Sample::seconds);
  }

  /// Of several shapes the worst one counts.
  private void worst(
      String what, double percent, List<Measurement> all, ToDoubleFunction<Sample> share) {
    Measurement worst = null;
    double least = Double.POSITIVE_INFINITY;
    double sum = 0;
    for (Measurement m : all) {
      double median = m.median(share);
      sum += median;
      if (median < least) {
        least = median;
        worst = m;
      }
    }
    if (worst == null) {
      goals.add(new Goal(what, "%", percent, true, Double.NaN, Double.NaN, "", ""));
      return;
    }
    String note =
        String.format(
            Locale.ROOT,
            "worst of %d shapes: %s; their mean %.0f %%",
            all.size(),
            worst.params().get("shape"),
            100 * sum / all.size());
    goals.add(
        new Goal(
            what, "%", percent, true, 100 * least, 100 * worst.best(share), note, worst.command()));
  }

  private void share(
      String what, double percent, Optional<Measurement> of, ToDoubleFunction<Sample> share) {
    goals.add(
        new Goal(
            what,
            "%",
            percent,
            true,
            100 * of.map(m -> m.median(share)).orElse(Double.NaN),
            100 * of.map(m -> m.best(share)).orElse(Double.NaN),
            of.map(m -> String.format(Locale.ROOT, "%.2f ms", 1e3 * m.median(Sample::seconds)))
                .orElse(""),
            command(of)));
  }

  private void least(
      String what,
      String unit,
      double limit,
      Optional<Measurement> of,
      ToDoubleFunction<Sample> f) {
    goals.add(
        new Goal(
            what,
            unit,
            limit,
            false,
            of.map(m -> m.median(f)).orElse(Double.NaN),
            of.map(m -> -m.best(s -> -f.applyAsDouble(s))).orElse(Double.NaN),
            "",
            command(of)));
  }

  private void over(String what, Optional<Measurement> of, Optional<Measurement> empty) {
    double base = empty.map(m -> m.median(Sample::seconds)).orElse(Double.NaN);
    least(what, "×", 2.5, of, s -> s.seconds() / base);
  }

  /// How many times faster the first is than the second; best against best.
  private void ratio(
      String what, double limit, Optional<Measurement> of, Optional<Measurement> other) {
    double median = Double.NaN;
    double best = Double.NaN;
    String note = "";
    if (of.isPresent() && other.isPresent()) {
      double ours = of.get().median(Sample::seconds);
      double theirs = other.get().median(Sample::seconds);
      median = theirs / ours;
      best = other.get().best(s -> -s.seconds()) / of.get().best(s -> -s.seconds());
      note = String.format(Locale.ROOT, "%.1f and %.1f ms", 1e3 * ours, 1e3 * theirs);
    }
    goals.add(new Goal(what, "×", limit, true, median, best, note, command(of, other)));
  }

  @SafeVarargs
  private static String command(Optional<Measurement>... of) {
    List<String> commands = new ArrayList<>();
    for (Optional<Measurement> m : of) {
      m.ifPresent(x -> commands.add(x.command()));
    }
    return String.join("; ", commands);
  }
}
