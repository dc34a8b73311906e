package org.internvl4j.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
import org.internvl4j.demo.Scenes;

/// How a batch grows: rows a second by cores, and by executors of a Spark cluster on this machine
/// that have a core each; and memory by rows. Every run is a process of its own, or a cluster of
/// them; rates begin behind the rows in which it warms up. Each process of a run has as many rows
/// to warm up with and as many to be measured by as any other, since what is compiled meanwhile
/// makes later rows faster. Configurations take turns.
///
/// Arguments: rows that a process is measured by (2000; 0 for memory alone), rows of the run for
/// memory (20000), folder of the charts or nothing. The class path of Spark's runs is in the
/// property `internvl4j.bench.spark`.
public final class Growing {
  static final String QUESTION = "How many shapes are in the image?";
  private static final int WARM = 3_000; // rows of a process, in which Java compiles
  private static final int PICTURES = 2_000; // of the run for memory, where there is no other
  private static final int EXECUTORS = 2;
  private static final int ROUNDS = 3;

  private final Path pictures;
  private final Path temp;

  private Growing(Path temp) {
    this.temp = temp;
    this.pictures = temp.resolve("pictures");
  }

  /// How far a run was.
  private record Moment(long rows, double seconds, double mebibytes) {
    static Moment of(String line) {
      String[] words = line.split(" ", -1);
      return new Moment(
          Long.parseLong(words[0]), Double.parseDouble(words[1]), Double.parseDouble(words[2]));
    }
  }

  public static void main(String[] args) throws Exception {
    int rows = args.length > 0 ? Integer.parseInt(args[0]) : 2_000;
    int many = args.length > 1 ? Integer.parseInt(args[1]) : 20_000;
    Growing growing = new Growing(Files.createTempDirectory("growing"));
    try {
      int pictures = rows == 0 ? PICTURES : rows;
      for (int share = 0; share < EXECUTORS; share++) {
        int first = share * (WARM + pictures);
        paint(growing.warm(share), first, WARM);
        paint(growing.measured(share), first + WARM, pictures);
      }
      Map<String, Double> rates = rows == 0 ? Map.of() : growing.rates(rows);
      List<Moment> memory = growing.memory(many, pictures);
      if (args.length > 2) {
        Path folder = Files.createDirectories(Path.of(args[2]));
        if (!rates.isEmpty()) {
          Charts.rates("the demo model, " + rows + " rows", rates, folder.resolve("growth.svg"));
        }
        Charts.memory(
            memory.stream().mapToDouble(Moment::rows).toArray(),
            memory.stream().mapToDouble(Moment::mebibytes).toArray(),
            folder.resolve("memory.svg"));
      }
    } finally {
      growing.clear();
    }
  }

  private static void paint(Path folder, int first, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = first; i < first + count; i++) {
      File file = folder.resolve("%05d.png".formatted(i)).toFile();
      ImageIO.write(Scenes.shapes(i).image(), "png", file);
    }
  }

  /// All that one process works through: first what it warms up with.
  private Path share(int process) {
    return pictures.resolve("share-" + process);
  }

  private Path warm(int process) {
    return share(process).resolve("0-warm");
  }

  private Path measured(int process) {
    return share(process).resolve("1-measured");
  }

  private void clear() throws IOException {
    try (var files = Files.walk(temp)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }

  // ---- rates

  /// @return rows a second, the median of all rounds, by what ran
  private Map<String, Double> rates(int rows) throws Exception {
    Map<String, List<Double>> all = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      note(all, "batch, one core", rate(batch(share(0), 1, "taskset", "-c", "0"), rows));
      note(all, "batch, two cores", rate(batch(share(0), 2), rows));
      note(all, "two batches, one core each", sideBySide(rows));
      for (int executors = 1; executors <= EXECUTORS && spark() != null; executors++) {
        note(all, executors(executors), rate(spark(executors), executors * rows));
      }
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    all.forEach((what, rates) -> medians.put(what, median(rates)));
    double one = medians.getOrDefault("batch, one core", Double.NaN);
    medians.forEach((what, rate) ->
        System.out.printf(
            Locale.ROOT,
            "median %s: %.1f rows/s, %.2f x batch on one core%n",
            what,
            rate,
            rate / one));
    if (spark() != null) {
      double executor = medians.get(executors(1));
      System.out.printf(
          Locale.ROOT,
          "an executor has %.0f %% of a batch's rate, %d executors have %.2f x that of one%n",
          100 * executor / one,
          EXECUTORS,
          medians.get(executors(EXECUTORS)) / executor);
    }
    return medians;
  }

  private static String executors(int count) {
    return "Spark, executors " + count;
  }

  /// What two cores do together that share nothing but the machine.
  private double sideBySide(int rows) throws Exception {
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      List<Future<Double>> rates = new ArrayList<>();
      for (int core = 0; core < 2; core++) {
        Path share = share(core);
        String pinned = String.valueOf(core);
        rates.add(both.submit(() -> rate(batch(share, 1, "taskset", "-c", pinned), rows)));
      }
      return rates.getFirst().get() + rates.getLast().get();
    }
  }

  private static void note(Map<String, List<Double>> all, String what, double rate) {
    all.computeIfAbsent(what, _ -> new ArrayList<>()).add(rate);
    System.out.printf(Locale.ROOT, "%s: %.1f rows/s%n", what, rate);
  }

  private static double median(List<Double> rates) {
    return Measurement.median(rates.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /// Rows a second behind the first ones.
  private static double rate(List<Moment> moments, int rows) {
    Moment warm = moments.stream().filter(m -> m.rows() >= WARM).findFirst().orElseThrow();
    Moment last = moments.getLast();
    if (last.rows() - warm.rows() < rows) {
      throw new IllegalStateException(
          "bench: %d of %d rows were done".formatted(last.rows() - warm.rows(), rows));
    }
    return (last.rows() - warm.rows()) / (last.seconds() - warm.seconds());
  }

  /// @param within what the process is started by
  private List<Moment> batch(Path input, int threads, String... within) throws Exception {
    Path out = Files.createTempDirectory(temp, "batch").resolve("out.jsonl");
    List<String> flags = new ArrayList<>(Commands.FLAGS);
    flags.addAll(
        List.of("-Xms320m", "-Xmn256m", "-XX:TargetSurvivorRatio=90")); // as the launcher's
    List<String> command = new ArrayList<>(List.of(within));
    command.addAll(
        Processes.java(
            flags,
            BatchRun.class.getName(),
            List.of(input.toString(), out.toString(), String.valueOf(threads))));
    return run(command);
  }

  private static String spark() {
    return System.getProperty("internvl4j.bench.spark");
  }

  /// A cluster of a master and workers that have a core each; its program tells its moments as a
  /// batch does.
  private List<Moment> spark(int executors) throws Exception {
    List<String> command = new ArrayList<>(List.of(Processes.java()));
    command.addAll(Commands.FLAGS);
    String flags = System.getProperty("internvl4j.bench.spark.jvm", "");
    command.addAll(List.of(flags.split(" ", -1)));
    command.add("-Dinternvl4j.spark.jvm=" + flags);
    command.addAll(List.of("-cp", spark(), "org.internvl4j.spark.ClusterRun"));
    command.add(temp.resolve("spark-" + System.nanoTime()).toString());
    for (int executor = 0; executor < executors; executor++) {
      command.add(warm(executor).toString());
      command.add(measured(executor).toString());
    }
    return run(command);
  }

  private static List<Moment> run(List<String> command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    List<Moment> moments = new ArrayList<>();
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.matches("\\d+ [\\d.]+ [\\d.]+")) {
          moments.add(Moment.of(line));
        }
      }
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException("bench: ended with an error: " + command);
    }
    return moments;
  }

  // ---- memory

  /// Runs over the same pictures again and again, and prints the slope of its second half.
  private List<Moment> memory(int many, int pictureCount) throws Exception {
    Path rows = temp.resolve("rows.jsonl");
    try (BufferedWriter out = Files.newBufferedWriter(rows)) {
      for (int i = 0; i < many; i++) {
        Path picture = measured(0).resolve("%05d.png".formatted(WARM + i % pictureCount));
        out.write(
            "{\"id\": \"%d\", \"images\": [\"%s\"], \"prompt\": \"%s\"}%n"
                .formatted(i, picture, QUESTION));
      }
    }
    List<Moment> moments = batch(rows, 2);
    List<Moment> half = moments.subList(moments.size() / 2, moments.size());
    System.out.printf(
        Locale.ROOT,
        "memory over %d rows: %.0f MiB at the half, %.0f MiB at the end, slope %.3f MiB a 1,000 rows%n",
        many,
        half.getFirst().mebibytes(),
        half.getLast().mebibytes(),
        1_000 * slope(half));
    return moments;
  }

  /// Least squares.
  private static double slope(List<Moment> moments) {
    double x = moments.stream().mapToDouble(Moment::rows).average().orElseThrow();
    double y = moments.stream().mapToDouble(Moment::mebibytes).average().orElseThrow();
    double xy = moments.stream().mapToDouble(m -> (m.rows() - x) * (m.mebibytes() - y)).sum();
    double xx = moments.stream().mapToDouble(m -> (m.rows() - x) * (m.rows() - x)).sum();
    return xy / xx;
  }
}
