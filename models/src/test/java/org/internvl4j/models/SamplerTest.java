package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.internvl4j.models.text.IntList;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamplerTest {
  private static final Generation DRAW = Generation.GREEDY.withTemperature(1);

  private final Device device = Devices.open("cpu", 1);
  private final Workspace workspace = new Workspace(device, "test");

  @AfterEach
  void close() {
    workspace.close();
    device.close();
  }

  /// An answer whose tokens are chosen from whatever logits it is given.
  private final class Answer {
    private final Generation options;
    private final IntList made = new IntList(8);
    private @Nullable Sampler sampler;

    Answer(Generation options) {
      this.options = options;
    }

    int next(float... logits) {
      if (sampler == null) {
        sampler = new Sampler(1, logits.length, workspace);
      }
      sampler.follow(0, options, made);
      Workspace.Mark mark = workspace.mark();
      int[] chosen = new int[1];
      sampler
          .choose(workspace.of(logits, 1, logits.length), workspace.of(chosen, 1))
          .toInts(chosen);
      sampler.count(0, 1);
      made.add(chosen[0]);
      workspace.reset(mark);
      return chosen[0];
    }
  }

  @Test
  void greedyTakesTheLowestOfEqualIds() {
    assertThat(new Answer(Generation.GREEDY).next(1, 3, 3, 2)).isEqualTo(1);
  }

  @Test
  void drawsAsOftenAsTheProbabilitiesSay() {
    Map<Integer, Integer> counts = draws(DRAW, logits(0.5, 0.3, 0.2), 20_000);
    // three standard deviations of a binomial: 3 · √(p(1−p)/n) ≤ 0.0107
    assertThat(counts.get(0) / 20_000.0).isCloseTo(0.5, within(0.0107));
    assertThat(counts.get(1) / 20_000.0).isCloseTo(0.3, within(0.0107));
    assertThat(counts.get(2) / 20_000.0).isCloseTo(0.2, within(0.0107));
  }

  @Test
  void temperatureSharpensBeforeTheDraw() {
    Map<Integer, Integer> counts = draws(DRAW.withTemperature(0.5f), logits(0.6, 0.4), 20_000);
    // p² / (p² + q²)
    assertThat(counts.get(0) / 20_000.0).isCloseTo(0.36 / 0.52, within(0.0107));
  }

  @Test
  void topKKeepsTheLikeliest() {
    assertThat(draws(DRAW.withTopK(2), logits(0.1, 0.4, 0.2, 0.3), 2_000).keySet())
        .containsExactly(1, 3);
  }

  @Test
  void topPKeepsTheFewestThatReachIt() {
    assertThat(draws(DRAW.withTopP(0.7f), logits(0.1, 0.5, 0.25, 0.15), 2_000).keySet())
        .containsExactly(1, 2);
    assertThat(draws(DRAW.withTopP(0.49f), logits(0.1, 0.5, 0.25, 0.15), 500).keySet())
        .containsExactly(1);
    assertThat(draws(DRAW.withTopP(1e-6f), logits(0.1, 0.5, 0.4), 500).keySet()).containsExactly(1);
  }

  @Test
  void penaltyDividesPositiveAndMultipliesNegativeLogitsOfWhatWasSaid() {
    Answer answer = new Answer(Generation.GREEDY.withRepetitionPenalty(2));
    assertThat(answer.next(3, 2, -1)).isEqualTo(0);
    assertThat(answer.next(3, 2, -1)).isEqualTo(1); // 3/2 < 2
    assertThat(answer.next(-1, -1.5f, -3)).isEqualTo(0); // −2, −3, −3
    assertThat(answer.next(-1, -1.5f, -1.9f)).isEqualTo(2); // −2, −3, −1.9
  }

  /// Two answers take turns: the device is told what it does not know of them.
  @Test
  void followsAnswersThatTakeTurns() {
    Sampler sampler = new Sampler(1, 3, workspace);
    Tensor logits = workspace.of(new float[] {3, 2, -1}, 1, 3);
    Tensor ids = workspace.of(new int[1], 1);
    IntList one = new IntList(8);
    IntList two = new IntList(8);
    Generation penalised = Generation.GREEDY.withRepetitionPenalty(2);
    int[] chosen = new int[1];
    for (int i = 0; i < 2; i++) {
      for (IntList made : List.of(one, two)) {
        sampler.follow(0, made == one ? penalised : penalised.withRepetitionPenalty(1.2f), made);
        sampler.choose(logits, ids).toInts(chosen);
        sampler.count(0, 1);
        made.add(chosen[0]);
      }
    }
    assertThat(one.toArray()).containsExactly(0, 1); // 3/2 < 2
    assertThat(two.toArray()).containsExactly(0, 0); // 3/1.2 > 2
  }

  @Test
  void sameSeedSameTokens() {
    float[] logits = logits(0.1, 0.2, 0.3, 0.4);
    assertThat(sequence(DRAW.withSeed(7), logits)).isEqualTo(sequence(DRAW.withSeed(7), logits));
    assertThat(sequence(DRAW.withSeed(7), logits)).isNotEqualTo(sequence(DRAW.withSeed(8), logits));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void drawsWhatSortingAllTokensWouldDraw(long seed) {
    Random random = new Random(seed);
    int vocabulary = 500;
    for (Generation options :
        List.of(
            DRAW,
            DRAW.withTopP(0.9f),
            DRAW.withTopP(0.999f),
            DRAW.withTopK(3),
            DRAW.withTopK(400).withTopP(0.97f),
            DRAW.withTemperature(0.1f),
            DRAW.withTemperature(9).withTopP(0.5f))) {
      Answer answer = new Answer(options.withSeed(seed));
      SplittableRandom draws = new SplittableRandom(seed);
      for (int i = 0; i < 200; i++) {
        float[] logits = new float[vocabulary];
        for (int j = 0; j < vocabulary; j++) {
          logits[j] = Math.round(random.nextGaussian() * 40) / 8f; // some are equal
        }
        assertThat(answer.next(logits.clone()))
            .isEqualTo(bySorting(logits, options, draws.nextDouble()));
      }
    }
  }

  /// All tokens sorted, cut and walked through, as the formulas have it.
  private static int bySorting(float[] logits, Generation options, double draw) {
    Integer[] ids = new Integer[logits.length];
    Arrays.setAll(ids, i -> i);
    Arrays.sort(ids, Comparator.comparingDouble(i -> -logits[i]));
    int k = options.topK() == 0 ? ids.length : options.topK();
    double[] p = new double[k];
    double all = 0;
    for (int i = 0; i < k; i++) {
      p[i] = Math.exp((double) logits[ids[i]] / options.temperature());
      all += p[i];
    }
    int kept = 0;
    double sum = 0;
    while (kept < k && sum < options.topP() * all) {
      sum += p[kept++];
    }
    double at = draw * sum;
    for (int i = 0; i < kept - 1; i++) {
      at -= p[i];
      if (at < 0) {
        return ids[i];
      }
    }
    return ids[kept - 1];
  }

  @Test
  void refusesValuesOutsideTheirRange() {
    assertThatThrownBy(() -> Generation.GREEDY.withTopP(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("generation: topP is 0.0, expected above 0 and at most 1");
    assertThatThrownBy(() -> Generation.GREEDY.withMaxNewTokens(0))
        .hasMessage("generation: maxNewTokens is 0, expected at least 1");
    assertThatThrownBy(() -> Generation.GREEDY.withStop(List.of("")))
        .hasMessage("generation: stop is \"\", expected a text");
  }

  private List<Integer> sequence(Generation options, float[] logits) {
    Answer answer = new Answer(options);
    return java.util.stream.IntStream.range(0, 50)
        .mapToObj(i -> answer.next(logits.clone()))
        .toList();
  }

  private Map<Integer, Integer> draws(Generation options, float[] logits, int times) {
    Answer answer = new Answer(options);
    TreeMap<Integer, Integer> counts = new TreeMap<>();
    for (int i = 0; i < times; i++) {
      counts.merge(answer.next(logits.clone()), 1, Integer::sum);
    }
    return counts;
  }

  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) Math.log(probabilities[i]);
    }
    return logits;
  }
}
