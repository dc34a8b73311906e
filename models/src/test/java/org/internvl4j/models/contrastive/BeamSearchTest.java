package org.internvl4j.models.contrastive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.internvl4j.models.contrastive.BeamSearch.Found;
import org.internvl4j.models.contrastive.BeamSearch.Options;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Beam search over seeded random languages that are small enough to try every sequence of.
class BeamSearchTest {
  private static final int END = 0;

  /// Logits that depend on the whole sequence so far.
  private static float[] logits(long seed, int vocabulary, int[] ids) {
    Random random = new Random(31 * seed + Arrays.hashCode(ids));
    float[] logits = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      logits[i] = (float) (2 * random.nextGaussian());
    }
    return logits;
  }

  private static final class Language implements BeamSearch.Scorer {
    private final long seed;
    private final int vocabulary;
    private List<int[]> sequences = List.of(new int[0]);

    Language(long seed, int vocabulary) {
      this.seed = seed;
      this.vocabulary = vocabulary;
    }

    @Override
    public List<float[]> next(int[] from, int[] tokens) {
      List<int[]> next = new ArrayList<>();
      for (int i = 0; i < from.length; i++) {
        next.add(longer(sequences.get(from[i]), tokens[i]));
      }
      sequences = next;
      return next.stream().map(ids -> logits(seed, vocabulary, ids)).toList();
    }
  }

  private static int[] longer(int[] ids, int token) {
    int[] longer = Arrays.copyOf(ids, ids.length + 1);
    longer[ids.length] = token;
    return longer;
  }

  private static Found search(long seed, int vocabulary, Options options) {
    return BeamSearch.search(
        logits(seed, vocabulary, new int[0]), new Language(seed, vocabulary), options);
  }

  private static double logProbability(float[] logits, int token) {
    double sum = 0;
    for (float v : logits) {
      sum += Math.exp(v);
    }
    return logits[token] - Math.log(sum);
  }

  /// The best of all sequences.
  private static Found exhaustive(
      long seed, int vocabulary, Options options, int[] ids, double sum) {
    float[] logits = logits(seed, vocabulary, ids);
    int length = ids.length + 1;
    double norm = Math.pow(length, options.lengthPenalty());
    List<Found> all = new ArrayList<>();
    for (int token = 0; token < vocabulary; token++) {
      double total = sum + logProbability(logits, token);
      if (token == END) {
        if (length > options.fewest()) {
          all.add(new Found(ids, total / norm));
        }
      } else if (length == options.most()) {
        all.add(new Found(longer(ids, token), total / norm));
      } else {
        all.add(exhaustive(seed, vocabulary, options, longer(ids, token), total));
      }
    }
    return all.stream().max((a, b) -> Double.compare(a.score(), b.score())).orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"3, 4, 0, 1", "4, 4, 2, 1", "5, 3, 0, 0", "3, 5, 1, 2", "2, 6, 0, 1", "6, 3, 3, -1"})
  void withABeamForEverySequenceItEqualsAnExhaustiveSearch(
      int vocabulary, int most, int fewest, double lengthPenalty) {
    int sequences = (int) Math.pow(vocabulary, most);
    Options options = new Options(sequences, fewest, most, lengthPenalty, END);
    for (long seed = 0; seed < 50; seed++) {
      Found found = search(seed, vocabulary, options);
      Found best = exhaustive(seed, vocabulary, options, new int[0], 0);
      assertThat(found.ids()).as("seed %d", seed).isEqualTo(best.ids());
      assertThat(found.score()).isCloseTo(best.score(), within(1e-9));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 5})
  void withOneBeamItTakesTheLikeliestEachTime(int fewest) {
    int vocabulary = 7;
    int most = 9;
    for (long seed = 0; seed < 200; seed++) {
      int[] ids = {};
      while (ids.length < most) {
        float[] logits = logits(seed, vocabulary, ids);
        boolean mayEnd = ids.length >= fewest;
        int best =
            IntStream.range(mayEnd ? 0 : 1, vocabulary)
                .boxed()
                .max((a, b) -> Float.compare(logits[a], logits[b]))
                .orElseThrow();
        if (best == END) {
          break;
        }
        ids = longer(ids, best);
      }
      Found found = search(seed, vocabulary, new Options(1, fewest, most, 1, END));
      assertThat(found.ids()).as("seed %d", seed).isEqualTo(ids);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void moreBeamsFindBetterSequencesOnTheWhole(int beams) {
    double one = 0;
    double several = 0;
    for (long seed = 0; seed < 100; seed++) {
      one += search(seed, 6, new Options(1, 0, 6, 1, END)).score();
      several += search(seed, 6, new Options(beams, 0, 6, 1, END)).score();
    }
    assertThat(several).isGreaterThan(one);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void neverEndsWithoutATokenThatEnds(int beams) {
    Found found = search(3, 5, new Options(beams, 6, 6, 1, -1));
    assertThat(found.ids()).hasSize(6);
  }
}
