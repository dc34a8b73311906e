package org.internvl4j.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Verifier;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.testkit.CpuTier;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the demo model answers to 300 held-out questions: as many right ones with weights of fewer
/// bits, the reference's on every tier. Without `-Psweep`, some of the dialogues on one tier.
class QualityTest {
  private static final Path FILE = Fixtures.folder("demo-eval").resolve("eval.json");

  /// @param right answers that say what the picture shows
  /// @param equal answers that are the reference's, letter by letter
  private record Score(int asked, int right, int equal) {}

  /// One answer of a few may go wrong; of all of them, no more than promised.
  @Test
  void q8And4KeepTheScoreOfBf16() {
    Json eval = everyNth(Effort.isWhole() ? 1 : 16);
    Score bf16 = score(eval, OpenOptions.DEFAULT);
    Score q8 = score(eval, OpenOptions.DEFAULT.withWeights(WeightFormat.Q8));
    Score q4 = score(eval, OpenOptions.DEFAULT.withWeights(WeightFormat.Q4));
    System.out.printf("demo model, %d questions%n", bf16.asked());
    tell("bf16", bf16, bf16);
    tell("q8", q8, bf16);
    tell("q4", q4, bf16);
    int oneMore = Effort.isWhole() ? 0 : 1;
    assertThat(bf16.equal()).isEqualTo(bf16.asked());
    assertThat(q8.right() + oneMore).isGreaterThanOrEqualTo(share(0.99, bf16.right()));
    assertThat(q4.right() + oneMore).isGreaterThanOrEqualTo(share(0.95, bf16.right()));
  }

  private static int share(double share, int of) {
    return (int) Math.ceil(share * of);
  }

  private static void tell(String format, Score score, Score bf16) {
    System.out.printf(
        Locale.ROOT,
        "%-4s %d right, %.1f %% of bf16's; %d equal the reference's%n",
        format,
        score.right(),
        100.0 * score.right() / bf16.right(),
        score.equal());
  }

  static List<CpuTier> tiers() {
    return CpuTier.ALL.stream().filter(CpuTier::isNative).toList();
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void answersAsTheReferenceOnEveryTier(CpuTier tier) {
    assumeTrue(Effort.isWhole(), "all 300 questions on every tier take minutes: only with -Psweep");
    Score score = score(everyNth(1), OpenOptions.DEFAULT.withDevice(tier.device()));
    assertThat(score.equal()).isEqualTo(score.asked());
  }

  private static Score score(Json eval, OpenOptions options) {
    List<SequencedMap<String, Double>> figures = new ArrayList<>();
    try (VisionLanguageModel model =
        VisionLanguageModel.open(DemoModel.checkpoint(), options.withWholeTower())) {
      new Verifier(model, check -> figures.add(check.figures()))
          .eval(eval, name -> Pictures.read(FILE.resolveSibling(name)));
    }
    SequencedMap<String, Double> all = figures.getFirst();
    return new Score(
        all.getOrDefault("asked", 0.0).intValue(),
        all.getOrDefault("right", 0.0).intValue(),
        all.getOrDefault("equal", 0.0).intValue());
  }

  /// The questions of every n-th dialogue.
  private static Json everyNth(int n) {
    Json all = Fixtures.json(FILE);
    List<Json> cases = all.at("cases").items();
    JsonWriter some =
        new JsonWriter().object().field("max_new_tokens", all.at("max_new_tokens")).array("cases");
    for (int i = 0; i < cases.size(); i += n) {
      some.value(cases.get(i));
    }
    byte[] text = some.end().end().toString().getBytes(StandardCharsets.UTF_8);
    return Json.parse(text, "every " + n + ". dialogue of " + FILE);
  }
}
