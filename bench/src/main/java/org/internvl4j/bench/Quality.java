package org.internvl4j.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.ShapedCheckpoint;

/// What weights of fewer bits cost, and rows that are rounded to bf16: answers, logits and greedy
/// tokens held against those of bf16 weights and f32 rows.
///
/// `java … org.internvl4j.bench.Quality COMMIT [DOCS]` writes its table into `PERFORMANCE.md`.
public final class Quality {
  private static final int PROMPTS = 3;
  private static final int PROMPT = 32;
  private static final int TOKENS = 64;

  private static final QualityMeasures BF16 =
      new QualityMeasures("bf16", WeightFormat.STORED, false);
  private static final QualityMeasures TOWER =
      new QualityMeasures("bf16, tower and projector q8", WeightFormat.STORED, true);
  private static final QualityMeasures ROUNDED =
      new QualityMeasures("bf16, and rows rounded to bf16", WeightFormat.STORED, false);
  private static final String ROW = "row"; // a process that has rows rounded makes one of the table
  private static final List<QualityMeasures> ALL =
      List.of(
          BF16,
          new QualityMeasures("q8", WeightFormat.Q8, false),
          new QualityMeasures("q4", WeightFormat.Q4, false),
          TOWER);

  private Quality() {}

  public static void main(String[] args)
      throws IOException, InterruptedException, ExecutionException {
    if (args[0].equals(ROW)) {
      int[][] said = new int[PROMPTS][TOKENS];
      double right = Double.parseDouble(args[1]);
      for (int i = 0; i < PROMPTS * TOKENS; i++) {
        said[i / TOKENS][i % TOKENS] = Integer.parseInt(args[i + 2]);
      }
      System.out.print(row(ROUNDED, ROUNDED.demoScore(), right, said));
      return;
    }
    Path page = Path.of(args.length > 1 ? args[1] : "docs").resolve("PERFORMANCE.md");
    StringBuilder text = new StringBuilder();
    text.append("Measured at commit ").append(args[0]).append(" by `bench/run quality`.\n\n");
    text.append(formats()).append('\n').append(tower());
    String before = Files.readString(page);
    Files.writeString(
        page, Page.replace(before, "quality", text.toString()), StandardCharsets.UTF_8);
    System.out.println(text);
    System.out.println("written: " + page);
  }

  // ---- the language part

  private static String formats() throws IOException, InterruptedException, ExecutionException {
    List<Map<String, Double>> scores = scores();
    int[][] said = BF16.greedy(folder(), prompts(), TOKENS, new int[0][]);
    StringBuilder table =
        new StringBuilder(
            """
            | weights | bytes a weight | demo, right | demo, as the reference | NMSE of logits, prompt | NMSE of logits, token by token | greedy tokens as bf16, 1B |
            |---|---|---|---|---|---|---|
            """);
    double right = scores.getFirst().getOrDefault("right", 0.0);
    for (int i = 0; i < ALL.size(); i++) {
      table.append(row(ALL.get(i), scores.get(i), right, said));
    }
    return table.append(rounded(right, said)).toString();
  }

  /// @param right answers of bf16
  /// @param said its greedy tokens
  private static String row(
      QualityMeasures kept, Map<String, Double> score, double right, int[][] said) {
    double found = score.getOrDefault("right", 0.0);
    return String.format(
        Locale.ROOT,
        "| %s | %.4g | %.0f of %.0f, %.1f %% of bf16's | %.0f | %s | %s | %s |%n",
        kept.name(),
        kept.bytesPerWeight(),
        found,
        score.getOrDefault("asked", 0.0),
        100 * found / right,
        score.getOrDefault("equal", 0.0),
        spread(
            Fixtures.MODELS.stream().mapToDouble(f -> kept.promptNmse(f, "logits")[0]).toArray()),
        kept.roundsTower()
            ? ""
            : spread(
                Fixtures.MODELS.stream()
                    .filter(QualityMeasures::tellsInputs)
                    .mapToDouble(kept::tokenNmse)
                    .toArray()),
        kept.roundsTower() ? "" : agreement(kept, said));
  }

  /// The row of [#ROUNDED], which is a matter of the process; empty where nothing multiplies such
  /// rows.
  private static String rounded(double right, int[][] said)
      throws IOException, InterruptedException {
    List<String> flags = new ArrayList<>(Commands.FLAGS);
    flags.add("-Dinternvl4j.activations=bf16");
    flags.add("-Dinternvl4j.kernels=emitted"); // toys, too
    List<String> arguments = new ArrayList<>(List.of(ROW, String.valueOf(right)));
    for (int[] tokens : said) {
      Arrays.stream(tokens).mapToObj(String::valueOf).forEach(arguments::add);
    }
    Process process =
        new ProcessBuilder(Processes.java(flags, Quality.class.getName(), arguments))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String row = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return process.waitFor() == 0 ? row : "";
  }

  /// Of all, in the order of [#ALL]: the demo model is so small that one thread each is best.
  private static List<Map<String, Double>> scores()
      throws InterruptedException, ExecutionException {
    List<Map<String, Double>> scores = new ArrayList<>();
    int cores = Runtime.getRuntime().availableProcessors();
    try (ExecutorService threads = Executors.newFixedThreadPool(Math.min(cores, ALL.size()))) {
      List<Future<Map<String, Double>>> all =
          ALL.stream().map(kept -> threads.submit(kept::demoScore)).toList();
      for (Future<Map<String, Double>> score : all) {
        scores.add(score.get());
      }
    }
    return scores;
  }

  /// The geometric mean and the worst.
  private static String spread(double[] nmse) {
    double logs = Arrays.stream(nmse).map(Math::log).sum();
    double mean = Math.exp(logs / nmse.length);
    double worst = Arrays.stream(nmse).max().orElseThrow();
    return String.format(Locale.ROOT, "%.1e (worst %.1e)", mean, worst);
  }

  private static Path folder() {
    return ShapedModels.folder(ShapedCheckpoint.Model.INTERNVL2_1B);
  }

  /// Some tokens all over the vocabulary, others in each prompt.
  private static int[][] prompts() {
    int[][] prompts = new int[PROMPTS][PROMPT];
    for (int p = 0; p < PROMPTS; p++) {
      int first = 1_009 * p + 13;
      Arrays.setAll(prompts[p], i -> (7_919 * i + first) % 92_553);
    }
    return prompts;
  }

  /// How often the likeliest token is bf16's, after the tokens that bf16 said; and how many tokens
  /// of each prompt come before the first other one, which is where an answer would part.
  private static String agreement(QualityMeasures kept, int[][] said) {
    int[][] found = kept.greedy(folder(), prompts(), TOKENS, said);
    int equal = 0;
    List<String> untilOther = new ArrayList<>();
    for (int p = 0; p < PROMPTS; p++) {
      for (int i = 0; i < TOKENS; i++) {
        equal += found[p][i] == said[p][i] ? 1 : 0;
      }
      int first = Arrays.mismatch(found[p], said[p]);
      untilOther.add(first < 0 ? "all" : Integer.toString(first));
    }
    return String.format(
        Locale.ROOT,
        "%d of %d (the first other one after %s)",
        equal,
        PROMPTS * TOKENS,
        String.join(", ", untilOther));
  }

  // ---- the tower

  private static String tower() {
    List<Double> features = new ArrayList<>();
    for (String fixture : Fixtures.MODELS) {
      features.add(TOWER.promptNmse(fixture, "vision.features")[0]);
    }
    return "NMSE of image tokens with tower and projector in q8, on the fixtures: "
        + spread(features.stream().mapToDouble(x -> x).toArray())
        + ".\n";
  }
}
