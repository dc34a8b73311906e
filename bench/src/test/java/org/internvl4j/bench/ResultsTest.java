package org.internvl4j.bench;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.bench.Measurement.Sample;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
  private static Measurement token(String engine, String weights, double... millis) {
    List<Sample> samples = new ArrayList<>();
    for (double m : millis) {
      samples.add(new Sample(m * 1e-3, Map.of("gigabytes", 1.0, "plainRead", 40.0)));
    }
    return new Measurement(
        "DecodeBenchmark.token",
        Map.of("engine", engine, "weights", weights, "model", "INTERNVL2_1B"),
        "bench/run jmh DecodeBenchmark.token -p engine=" + engine,
        engine + " on 2 threads",
        samples,
        0.25);
  }

  private static Results results() {
    return new Results(
        "2026-01-31",
        "bench/run quick",
        Map.of("cpu", "a \"cpu\"", "cores", "2"),
        1.5,
        List.of(
            token("internvl4j", "bf16", 30, 25, 27),
            token("internvl4j", "q8", 20, 20, 20),
            token("jlama", "bf16", 81, 75, 90)),
        List.of(
            new Breakdown(
                "INTERNVL2_1B, a token, bf16",
                "bench/run where",
                27,
                Map.of("matMul 896 → 896", 5.0, "matMul 896 → 151655", 20.0))),
        List.of("jlama: not \n there"));
  }

  @Test
  void readsWhatItWrote() {
    Results results = results();

    assertThat(Results.of(results.toJson().getBytes(UTF_8), "test")).isEqualTo(results);
  }

  @Test
  void medianAndBestOfSamples() {
    Measurement m = token("internvl4j", "bf16", 30, 25, 27, 26);

    assertThat(m.median(Sample::seconds)).isEqualTo(0.0265, within(1e-12));
    assertThat(m.best(Sample::shareOfRead)).isEqualTo(1, within(1e-12)); // 1 GB in 25 ms, of 40
    assertThat(m.and(token("internvl4j", "bf16", 99)).samples()).hasSize(5);
  }

  @Test
  void goalsCompareMediansOfTheSameRun() {
    List<Goals.Goal> goals = Goals.of(results());

    Goals.Goal share = goal(goals, "decode, 1B, bf16, of the time");
    assertThat(share.median()).isEqualTo(100 / 27.0 * 1000 / 40, within(1e-9));
    assertThat(share.isMet()).isTrue();
    Goals.Goal jlama = goal(goals, "decode, 1B, bf16, against Jlama");
    assertThat(jlama.median()).isEqualTo(3, within(1e-9));
    assertThat(jlama.best()).isEqualTo(3, within(1e-9));
    assertThat(jlama.command()).contains("engine=internvl4j").contains("engine=jlama");
    Goals.Goal q8 = goal(goals, "decode, 1B, q8");
    assertThat(q8.isMet()).isFalse();
    assertThat(q8.reached()).isEqualTo(1.35 / 1.9, within(1e-9));
    assertThat(goal(goals, "decode, 1B, q4").isMeasured()).isFalse();
    assertThat(goal(goals, "garbage").isMet()).isTrue();
  }

  private static Goals.Goal goal(List<Goals.Goal> goals, String beginning) {
    return goals.stream().filter(g -> g.what().startsWith(beginning)).findFirst().orElseThrow();
  }

  @Test
  void theWorstShapeDecides() {
    Measurement good = product("vit-300m.fc1", 230);
    Measurement bad = product("vit-300m.proj", 115);
    Results both = new Results("", "", Map.of(), 0, List.of(good, bad), List.of(), List.of());

    Goals.Goal goal = goal(Goals.of(both), "GEMM, bf16 weights, of the fma peak, 2 threads");
    assertThat(goal.median()).isEqualTo(50, within(1e-9));
    assertThat(goal.note()).contains("vit-300m.proj").contains("mean 75 %");
  }

  private static Measurement product(String shape, double gigaflops) {
    Sample sample = new Sample(1, Map.of("gigaflops", gigaflops, "plainFma", 230.0));
    return new Measurement(
        "KernelBenchmark.call",
        Map.of("shape", shape, "weights", "BF16", "threads", "2"),
        "",
        "",
        List.of(sample),
        Double.NaN);
  }

  @Test
  void writesBetweenMarksOnly() {
    String page = "a\n<!-- goals -->\nold\n<!-- /goals -->\nb\n";

    assertThat(Page.replace(page, "goals", "new\n"))
        .isEqualTo("a\n<!-- goals -->\nnew\n<!-- /goals -->\nb\n");
    assertThatThrownBy(() -> Page.replace(page, "all", "new\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bench: the page has no <!-- all --> … <!-- /all --> to write between");
  }

  @Test
  void drawsWhatItReports(@TempDir Path docs) throws IOException {
    String marks = "";
    for (String mark : List.of("machine", "goals", "engines", "token", "tile", "all", "failures")) {
      marks += "<!-- " + mark + " -->\n<!-- /" + mark + " -->\n";
    }
    Files.writeString(docs.resolve("PERFORMANCE.md"), marks);

    Report.write(results(), docs.resolve("x.json"), docs);

    assertThat(docs.resolve("PERFORMANCE.md"))
        .content()
        .contains("| decode, 1B, bf16, against Jlama (27.0 and 81.0 ms) | ≥ 1.90 × | 3.00 × |")
        .contains("| between kernels | 2.000 | 7.4 % |")
        .contains("- jlama on 2 threads");
    assertThat(docs.resolve("performance/goals.svg"))
        .content()
        .contains("<svg")
        .contains("rgb(46,125,50)")
        .contains("rgb(198,40,40)");
    assertThat(docs.resolve("performance/token.svg")).content().contains("<svg");
  }
}
