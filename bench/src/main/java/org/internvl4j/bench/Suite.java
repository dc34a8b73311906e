package org.internvl4j.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/// Everything in one run: runs a [Plan], writes what it measured as JSON.
///
/// What is compared takes turns, process by process: A B A B. Each process is a fork of JMH's.
public final class Suite {
  /// The file that a measured process tells who computes.
  private static final String TOLD = "internvl4j.bench.told";

  private static final String GARBAGE = "garbageBytes"; // of Counters

  private final PrintStream out;
  private final Path log;
  private final Map<String, Measurement> measured = new LinkedHashMap<>();
  private final List<String> failures = new ArrayList<>();

  private Suite(PrintStream out, Path log) {
    this.out = out;
    this.log = log;
  }

  /// `Suite quick|full|smoke COMMIT RESULTS-FOLDER`
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[2]));
    Path log = Path.of("bench/target/suite.log");
    Files.createDirectories(log.getParent());
    Files.deleteIfExists(log);
    Suite suite = new Suite(System.out, log);
    Others others = Others.start();
    String started = LocalDate.now(ZoneOffset.UTC).toString();
    for (Plan.Group group : Plan.of(args[0], Engines.names())) {
      suite.run(group);
    }
    suite.steadyRates(args[0].equals("smoke") ? 1 : 5);
    List<Breakdown> breakdowns = suite.breakdowns(Plan.pieces(args[0]));
    Machine machine = Machine.here(args[1], Commands.FLAGS);
    Results results =
        new Results(
            started,
            "bench/run " + args[0],
            machine.facts(),
            others.seconds(),
            List.copyOf(suite.measured.values()),
            breakdowns,
            suite.failures);
    Path file = folder.resolve(started + "-" + machine.shortName() + ".json");
    Files.writeString(file, results.toJson(), StandardCharsets.UTF_8);
    System.out.println("results: " + file);
    Report.write(results, file, Path.of("docs"));
  }

  private void run(Plan.Group group) {
    out.printf("%s%n", group.title());
    for (int round = 0; round < group.rounds(); round++) {
      for (Plan.Run run : group.runs()) {
        try {
          run(run);
        } catch (RunnerException | IOException e) {
          failures.add(run.name() + ": " + e.getMessage());
          out.printf("  %s failed: %s%n", run.name(), e.getMessage());
        }
      }
    }
  }

  /// Says in a measured process who computes: name, version, threads and dtypes.
  static void tell(String engine) {
    String file = System.getProperty(TOLD);
    try {
      if (file != null) {
        Files.writeString(Path.of(file), engine + "\n", StandardOpenOption.APPEND);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    System.out.println("# " + engine);
  }

  private void run(Plan.Run run) throws RunnerException, IOException {
    Path output = Files.createTempFile("internvl4j-bench", ".log");
    Path told = Files.createTempFile("internvl4j-bench", ".txt");
    try {
      long start = System.nanoTime();
      Collection<RunResult> results = new Runner(options(run, output, told).build()).run();
      String text = Files.readString(output);
      Files.writeString(log, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      List<String> engines = Files.readAllLines(told);
      int i = 0;
      for (RunResult result : results) {
        String engine = i < engines.size() ? engines.get(i++) : "";
        add(measurement(result, run, engine));
      }
      if (results.isEmpty()) {
        failures.add(run.name() + ": failed, see bench/target/suite.log");
      }
      out.printf(Locale.ROOT, "  %-60s %5.1f s%n", run.name(), (System.nanoTime() - start) * 1e-9);
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(told);
    }
  }

  private static ChainedOptionsBuilder options(Plan.Run run, Path output, Path told) {
    List<String> flags = new ArrayList<>(Commands.FLAGS);
    for (String property : List.of("internvl4j.home", "internvl4j.bench.models")) {
      String value = System.getProperty(property);
      if (value != null) {
        flags.add("-D" + property + "=" + value);
      }
    }
    flags.add("-D" + TOLD + "=" + told);
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("\\." + run.benchmark() + "$")
            .forks(1)
            .warmupIterations(run.warmups())
            .measurementIterations(run.iterations())
            .warmupTime(TimeValue.milliseconds(run.millis()))
            .measurementTime(TimeValue.milliseconds(run.millis()))
            .jvmArgs(flags.toArray(String[]::new))
            .output(output.toString());
    run.params().forEach((name, values) -> options.param(name, values.toArray(String[]::new)));
    return options;
  }

  private static Measurement measurement(RunResult result, Plan.Run run, String engine) {
    Map<String, String> params = new TreeMap<>();
    for (String key : result.getParams().getParamsKeys()) {
      params.put(key, result.getParams().getParam(key));
    }
    String full = result.getParams().getBenchmark();
    String name = full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1);
    List<Measurement.Sample> samples = new ArrayList<>();
    double garbage = Double.NaN;
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      for (IterationResult iteration : fork.getIterationResults()) {
        samples.add(sample(iteration));
        if (run.garbage()) { // of the last iteration: all is compiled
          garbage = iteration.getSecondaryResults().get(GARBAGE).getScore();
        }
      }
    }
    return new Measurement(name, params, Commands.jmh(name, params), engine, samples, garbage);
  }

  private static Measurement.Sample sample(IterationResult iteration) {
    Map<String, Double> facts = new HashMap<>();
    iteration
        .getSecondaryResults()
        .forEach((name, result) -> {
          if (!name.equals(GARBAGE) && result.getScore() != 0) {
            facts.put(name, result.getScore());
          }
        });
    Result<?> primary = iteration.getPrimaryResult();
    return new Measurement.Sample(seconds(primary.getScore(), primary.getScoreUnit()), facts);
  }

  private static double seconds(double score, String unit) {
    return switch (unit.substring(0, unit.indexOf('/'))) {
      case "s" -> score;
      case "ms" -> score * 1e-3;
      case "us" -> score * 1e-6;
      default -> throw new IllegalStateException("bench: a result in " + unit);
    };
  }

  /// Processes that say themselves when they were fast.
  private void steadyRates(int times) throws IOException {
    for (int i = 0; i < times; i++) {
      Path output = Files.createTempFile("internvl4j-bench", ".log");
      try {
        List<String> arguments = List.of("INTERNVL2_1B", "bf16");
        int code = Processes.run(SteadyRate.class, arguments, output);
        if (code == 0) {
          add(SteadyRate.measurement(Files.readString(output)));
        } else {
          failures.add("SteadyRate: exit code " + code + ", " + Files.readString(output));
        }
      } finally {
        Files.deleteIfExists(output);
      }
    }
  }

  private void add(Measurement measurement) {
    measured.merge(measurement.key(), measurement, Measurement::and);
  }

  private List<Breakdown> breakdowns(List<String> pieces) throws IOException {
    List<Breakdown> all = new ArrayList<>();
    for (String piece : pieces) {
      out.printf("where the time of %s goes%n", piece);
      Path json = Files.createTempFile("internvl4j-bench", ".json");
      try {
        int code =
            Processes.run(
                WhereTimeGoes.class,
                List.of("INTERNVL2_1B", piece, "--json", json.toString()),
                log);
        if (code == 0) {
          all.addAll(Results.breakdowns(Files.readAllBytes(json)));
        } else {
          failures.add("where " + piece + ": exit code " + code);
        }
      } finally {
        Files.deleteIfExists(json);
      }
    }
    return all;
  }
}
