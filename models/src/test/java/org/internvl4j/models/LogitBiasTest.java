package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.TokenChoice.Candidate;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What is added to logits, and what is told of them.
class LogitBiasTest {
  private static final Question QUESTION = Question.of("What comes next?");
  private static final Generation OPTIONS = Generation.GREEDY.withMaxNewTokens(40);

  private static VisionLanguageModel model;

  @BeforeAll
  static void open() {
    model =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")),
            OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void greedyTokensAreTheLikeliestAndProbabilitiesAddUp() {
    List<TokenChoice> heard = choices(OPTIONS.withLogprobs(20));
    assertThat(heard).isNotEmpty();
    for (TokenChoice choice : heard) {
      assertThat(choice.likeliest()).hasSize(20);
      assertThat(choice.token()).isEqualTo(choice.likeliest().getFirst());
      double sum = 0;
      for (int i = 0; i < 20; i++) {
        float p = choice.likeliest().get(i).logProbability();
        assertThat(p)
            .isLessThanOrEqualTo(choice.likeliest().get(Math.max(0, i - 1)).logProbability());
        sum += Math.exp(p);
      }
      assertThat(sum).isLessThanOrEqualTo(1 + 20 * Math.ulp(1f));
    }
    assertThat(choices(OPTIONS.withLogprobs(0)).getFirst().likeliest()).isEmpty();
    assertThat(choices(OPTIONS)).isEmpty();
  }

  /// A token whose logit is raised by more than the first is ahead of it is chosen.
  @Test
  void aBiasMovesATokenByWhatItSays() {
    List<TokenChoice> plain = choices(OPTIONS.withLogprobs(20));
    Candidate first = plain.getFirst().likeliest().get(0);
    Candidate tenth = plain.getFirst().likeliest().get(9);
    float ahead = first.logProbability() - tenth.logProbability();
    TokenChoice more = choices(biased(Map.of(tenth.id(), ahead * 1.01f + 0.01f))).getFirst();
    TokenChoice less = choices(biased(Map.of(tenth.id(), ahead * 0.99f - 0.01f))).getFirst();
    assertThat(more.token().id()).isEqualTo(tenth.id());
    assertThat(less.token().id()).isEqualTo(first.id());
    assertThat(more.token().logProbability()).isCloseTo(tenth.logProbability(), within(0f));
  }

  @Test
  void penaltiesForbidWhatWasSaid() {
    Generation never = OPTIONS.withBias(new LogitBias(1e6f, 0, Map.of())).withLogprobs(0);
    Generation neverEither = OPTIONS.withBias(new LogitBias(0, 1e6f, Map.of())).withLogprobs(0);
    Generation rarely = OPTIONS.withBias(new LogitBias(0, 2, Map.of())).withLogprobs(0);
    assertThat(ids(never)).doesNotHaveDuplicates();
    assertThat(ids(neverEither)).isEqualTo(ids(never));
    Set<Integer> different = new HashSet<>(ids(rarely));
    Set<Integer> plain = new HashSet<>(ids(OPTIONS.withLogprobs(0)));
    assertThat(different.size()).isGreaterThan(plain.size());
  }

  /// As [#penaltiesForbidWhatWasSaid], by hand: the ids that were said lose what the options say.
  @Test
  void aBiasIsWhatItsFormulaSays() {
    Prompt prompt = Prompt.single(model, QUESTION);
    try (var cache = model.net().decoder().newCache("test")) {
      Sequence sequence =
          model.sequence(
              prompt,
              cache,
              OPTIONS.withBias(new LogitBias(0.5f, 0.25f, Map.of(3, 4f, 5, 1f, 1_000_000, 9f))),
              AnswerListener.NONE);
      for (int id : new int[] {5, 7, 5, 5}) {
        sequence.made().add(id);
      }
      float[] bias = new float[16];
      sequence.bias(bias);
      float[] expected = new float[16];
      expected[3] = 4;
      expected[5] = 1 - 0.5f - 3 * 0.25f;
      expected[7] = -0.5f - 0.25f;
      assertThat(bias).containsExactly(expected);
    }
  }

  @Test
  void saysWhichNumbersAreWrong() {
    assertThatThrownBy(() -> new LogitBias(Float.NaN, 0, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected finite numbers");
    assertThatThrownBy(() -> OPTIONS.withLogprobs(21))
        .hasMessage("generation: logprobs is 21, expected -1 to 20");
  }

  private static Generation biased(Map<Integer, Float> tokens) {
    return OPTIONS.withBias(new LogitBias(0, 0, tokens)).withLogprobs(20);
  }

  private static List<Integer> ids(Generation options) {
    return choices(options).stream().map(choice -> choice.token().id()).toList();
  }

  private static List<TokenChoice> choices(Generation options) {
    List<TokenChoice> heard = new ArrayList<>();
    model.ask(
        QUESTION,
        options,
        new AnswerListener() {
          @Override
          public void text(String piece) {}

          @Override
          public void token(TokenChoice choice) {
            heard.add(choice);
          }
        });
    return heard;
  }
}
