package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.internvl4j.models.image.Picture;
import org.internvl4j.models.image.Tiles;
import org.internvl4j.models.text.IntList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Guessed tokens change nothing but the time.
class LookupTest {
  private static final int IMAGE = 99;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "internvl2-1b",
        "internvl2-2b",
        "internvl2-4b",
        "internvl2-26b",
        "internvl2-40b",
        "internvl2-76b",
        "internvl2_5-1b",
        "internvl-chat-v1-1",
        "internvl-chat-v1-2",
        "internvl2-2b-ntk",
        "internvl2-4b-long",
        "internvl2-1b-resized"
      })
  void answersAreTheSameWithAndWithout(String fixture) {
    try (VisionLanguageModel model = DecodeStepTest.open(fixture, "cpu", 2)) {
      for (int seed = 0; seed < 3; seed++) {
        Question question = question(model, seed);
        for (Generation options :
            List.of(
                Generation.GREEDY,
                Generation.GREEDY.withRepetitionPenalty(1.3f),
                Generation.SAMPLED.withTemperature(0.3f).withSeed(seed),
                Generation.GREEDY.withTemperature(1).withTopK(3).withSeed(seed))) {
          Generation plain = options.withMaxNewTokens(60);
          Answer expected = model.ask(question, plain, AnswerListener.NONE);
          assertThat(expected.usage().draftedTokens()).isZero();
          for (int lookup : new int[] {1, 4, 7}) {
            Answer answer = model.ask(question, plain.withLookup(lookup), AnswerListener.NONE);
            assertThat(answer.text()).as("%s, %s", fixture, options).isEqualTo(expected.text());
            assertThat(answer.finish()).isEqualTo(expected.finish());
            assertThat(answer.usage().newTokens()).isEqualTo(expected.usage().newTokens());
          }
        }
      }
    }
  }

  @Test
  void tellsHowManyGuessesWereRight() {
    try (VisionLanguageModel model = DecodeStepTest.open("internvl2-1b", "cpu", 2)) {
      Generation options = Generation.GREEDY.withMaxNewTokens(200).withLookup(7);
      Answer.Usage usage =
          model.ask(Question.of("And then?"), options, AnswerListener.NONE).usage();
      assertThat(usage.newTokens()).isEqualTo(200);
      assertThat(usage.acceptedTokens()).isGreaterThan(20);
      assertThat(usage.draftedTokens()).isGreaterThan(usage.acceptedTokens());
    }
  }

  /// Text that repeats itself, with a picture or without; as much as the smallest context holds.
  private static Question question(VisionLanguageModel model, int seed) {
    Random random = new Random(seed);
    String words = List.of("red or blue", "the cat and", "一二三").get(seed % 3);
    String text = words + " " + words + " " + random.nextInt(10);
    byte[] rgb = new byte[3 * 56 * 56];
    random.nextBytes(rgb);
    return seed == 1 || model.context() < 100
        ? Question.of(words)
        : Question.of(text, Picture.ofRgb(56, 56, rgb)).withMaxTiles(1);
  }

  @Test
  void turnsGoOnFromWhatDraftsLeft() {
    try (VisionLanguageModel model = DecodeStepTest.open("internvl2-1b", "cpu", 2);
        Conversation plain = model.conversation();
        Conversation drafting = model.conversation()) {
      for (String text : List.of("one two one two", "And then?", "one two one")) {
        Generation options = Generation.GREEDY.withMaxNewTokens(20);
        Answer expected = plain.ask(Question.of(text), options, AnswerListener.NONE);
        Answer answer = drafting.ask(Question.of(text), options.withLookup(7), AnswerListener.NONE);
        assertThat(answer.text()).isEqualTo(expected.text());
        assertThat(answer.usage().cachedTokens()).isEqualTo(expected.usage().cachedTokens());
      }
    }
  }

  @Test
  void guessesWhatFollowedTheLastTime() {
    assertThat(guess(7, new int[] {1, 2, 3, 4, 5}, 1, 2, 3)).containsExactly(4, 5, 1, 2, 3, 4, 5);
    assertThat(guess(3, new int[] {1, 2, 3, 4, 5}, 1, 2, 3)).containsExactly(4, 5, 1);
    assertThat(guess(2, new int[] {2, 3, 4, 5, 2, 3, 6, 7}, 2, 3)).containsExactly(6, 7);
    assertThat(guess(2, new int[] {1, 2, 3, 4, 0, 2, 3, 5}, 1, 2, 3)).containsExactly(4, 0);
    assertThat(guess(7, new int[] {1, 2, 3, 4}, 9, 3)).isEmpty();
    assertThat(guess(4, new int[] {0}, 8, 8, 8)).containsExactly(8, 8, 8, 8);
  }

  @Test
  void imageTokensAreNeitherLookedUpNorGuessed() {
    assertThat(guess(7, new int[] {IMAGE, IMAGE, IMAGE, IMAGE, 3, IMAGE, IMAGE, 4}, 4)).isEmpty();
    assertThat(guess(7, new int[] {1, 2, IMAGE, 5, 1, 2}, 3)).isEmpty();
    assertThat(guess(7, new int[] {1, 2, 6, IMAGE, 5}, 1, 2)).containsExactly(6);
    assertThat(guess(7, new int[] {1, 2, IMAGE, 5}, 1, 2)).isEmpty();
  }

  private static int[] guess(int most, int[] prompt, int... made) {
    int images = (int) Arrays.stream(prompt).filter(id -> id == IMAGE).count();
    IntList answer = new IntList();
    for (int id : made) {
      answer.add(id);
    }
    List<Prompt.Tile> tiles =
        Collections.nCopies(images, new Prompt.Tile(Tiles.ofPixels(new float[3], 1, 1), 0, "tile"));
    Drafts drafts = new Drafts(new Prompt(prompt, IMAGE, tiles, 1), answer);
    int[] ids = new int[drafts.find(most)];
    Arrays.setAll(ids, drafts::id);
    return ids;
  }

  @Test
  void refusesMoreThanAPassHolds() {
    assertThatThrownBy(() -> Generation.GREEDY.withLookup(8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("generation: lookup is 8, expected 0 to 7");
  }
}
