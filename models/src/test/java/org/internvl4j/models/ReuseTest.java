package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.image.Picture;
import org.internvl4j.runtime.KvCache;
import org.internvl4j.runtime.Workspace;
import org.internvl4j.testkit.Fixtures;
import org.internvl4j.testkit.TensorAssert;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What a conversation computes only once, counted: tokens that it read before, tiles that it saw
/// before. The demo model's answers are words, so that they are the same tokens when read again.
class ReuseTest {
  private static final Generation OPTIONS = Generation.GREEDY.withMaxNewTokens(40);
  private static final String FIRST = "How many shapes are in the image?";
  private static final String SECOND = "Describe the image.";

  /// As for golden files.
  private static final double MAX_NMSE = 1e-9;

  private static VisionLanguageModel model;

  @BeforeAll
  static void open() {
    model =
        VisionLanguageModel.open(
            Checkpoint.open(
                Fixtures.home().resolve("demo/src/main/resources/org/internvl4j/demo/model")),
            OpenOptions.DEFAULT.withDevice("cpu"));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /// An answer, and what went through the network for it.
  private record Counted(Answer answer, int tokensRead, int tilesEncoded) {
    static Counted ask(Conversation c, String text, Picture... pictures) {
      int[] counts = new int[2];
      Answer answer =
          c.ask(
              Question.of(text, pictures),
              OPTIONS,
              new AnswerListener() {
                @Override
                public void text(String piece) {}

                @Override
                public void promptRead(int done, int total) {
                  counts[0] = done;
                }

                @Override
                public void tileEncoded(int done, int total) {
                  counts[1]++;
                }
              });
      return new Counted(answer, counts[0], counts[1]);
    }

    Answer.Usage usage() {
      return answer.usage();
    }
  }

  /// So that a line that says how far the reading is never is the answer's.
  @Test
  void thePromptIsReadBeforeTheFirstWord() {
    List<String> heard = new ArrayList<>();
    try (Conversation c = model.conversation()) {
      c.ask(
          Question.of(FIRST),
          OPTIONS,
          new AnswerListener() {
            @Override
            public void text(String piece) {
              heard.add("word");
            }

            @Override
            public void promptRead(int done, int total) {
              heard.add("read");
            }
          });
    }
    assertThat(heard).contains("word", "read");
    assertThat(heard.lastIndexOf("read")).isLessThan(heard.indexOf("word"));
  }

  @Test
  void aSecondTurnReadsOnlyWhatIsNew() {
    try (Conversation c = model.conversation()) {
      Counted first = Counted.ask(c, FIRST, picture(1));
      Counted second = Counted.ask(c, SECOND);
      assertThat(first.tokensRead()).isEqualTo(first.usage().promptTokens());
      assertThat(first.answer().finish()).isEqualTo(Answer.Finish.STOP);
      // the token that ended the answer was chosen but not read
      int held = first.usage().promptTokens() + first.usage().newTokens() - 1;
      assertThat(second.usage().cachedTokens()).isEqualTo(held);
      assertThat(second.tokensRead()).isEqualTo(second.usage().promptTokens() - held);
      assertThat(second.tokensRead()).isLessThan(20);
    }
  }

  @Test
  void anEditedHistoryIsReadFromTheFirstTokenThatIsAnother() {
    String other = "There are many shapes.";
    try (Conversation c = model.conversation();
        Conversation fresh = model.conversation()) {
      Counted first = Counted.ask(c, FIRST, picture(1));
      c.correct(other);
      Counted second = Counted.ask(c, SECOND);
      int common =
          Arrays.mismatch(
              prompt(first.answer().plainText()).ids(), prompt(other).ids()); // after "There are "
      assertThat(common).isGreaterThan(first.usage().promptTokens());
      assertThat(second.usage().cachedTokens()).isEqualTo(common);
      assertThat(second.tokensRead()).isEqualTo(second.usage().promptTokens() - common);
      fresh.remember(Question.of(FIRST, picture(1)), other);
      Counted anew = Counted.ask(fresh, SECOND);
      assertThat(anew.usage().cachedTokens()).isZero();
      assertThat(second.answer().text()).isEqualTo(anew.answer().text());
    }
  }

  @Test
  void anotherSystemMessageIsReadAnew() {
    try (Conversation c = model.conversation();
        Conversation fresh = model.conversation()) {
      Counted.ask(c, FIRST, picture(1));
      String said = c.history().getFirst().answer();
      c.system("Be brief.");
      fresh.system("Be brief.").remember(Question.of(FIRST, picture(1)), said);
      Counted second = Counted.ask(c, SECOND);
      Counted anew = Counted.ask(fresh, SECOND);
      assertThat(second.usage().cachedTokens()).isLessThan(10); // <|im_start|>system
      assertThat(second.tilesEncoded()).isZero();
      assertThat(second.answer().text()).isEqualTo(anew.answer().text());
    }
  }

  /// The second prompt of a conversation whose first answer was `answer`.
  private static Prompt prompt(String answer) {
    Asked first = Asked.of(model, Question.of(FIRST, picture(1)), 0);
    Asked second = Asked.of(model, Question.of(SECOND), 1);
    return Prompt.of(model, null, List.of(new Prompt.Said(first, answer)), second);
  }

  /// Kept keys and values were made one token at a time, those of a whole prompt many at a time,
  /// and kernels for one and for many rows add in another order: equal but for the rounding of f32,
  /// so that every token chosen is the same.
  @Test
  void whatIsReadBehindAKeptPrefixIsWhatAWholePromptGives() {
    try (Workspace steps = new Workspace(model.device(), "test");
        Generator generator = new Generator(model.net(), steps);
        KvCache kept = model.net().decoder().newCache("kept");
        KvCache whole = model.net().decoder().newCache("whole")) {
      kept.reserve(300);
      whole.reserve(300);
      Prompt first = Prompt.single(model, Question.of(FIRST, picture(1)));
      generator.see(first, AnswerListener.NONE);
      Sequence said = model.sequence(first, kept, OPTIONS, AnswerListener.NONE);
      generator.read(said, 0, AnswerListener.NONE);
      while (!said.finished()) {
        generator.advance(List.of(said));
      }
      String answer = said.answer(0, 0, NO_TIME).plainText();
      Prompt second = prompt(answer);
      int common = Math.min(second.commonPrefix(first, said.made()), kept.length());
      assertThat(common).isGreaterThan(first.length());
      kept.truncate(common);
      List<float[]> after = read(generator, second, kept, common);
      List<float[]> anew = read(generator, second, whole, 0);
      assertThat(after).hasSameSizeAs(anew).hasSizeGreaterThan(8);
      assertThat(after.getLast()).isEqualTo(anew.getLast()); // ids
      for (int i = 0; i < anew.size(); i++) {
        assertThat(TensorAssert.nmse(after.get(i), anew.get(i))).as("%d", i).isLessThan(MAX_NMSE);
      }
    }
  }

  private static final Answer.Timings NO_TIME =
      new Answer.Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO);

  /// Reads a prompt and answers it.
  ///
  /// @return keys and values of all layers, and the tokens of the answer
  private static List<float[]> read(Generator generator, Prompt prompt, KvCache cache, int from) {
    Sequence sequence = model.sequence(prompt, cache, OPTIONS, AnswerListener.NONE);
    generator.read(sequence, from, AnswerListener.NONE);
    while (!sequence.finished()) {
      generator.advance(List.of(sequence));
    }
    List<float[]> all = new ArrayList<>();
    for (int layer = 0; layer < model.config().language().numHiddenLayers(); layer++) {
      all.add(cache.keys(layer, cache.length()));
      all.add(cache.values(layer, cache.length()));
    }
    float[] ids = new float[sequence.made().size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = sequence.made().get(i);
    }
    all.add(ids);
    return all;
  }

  @Test
  void theSamePictureIsEncodedOnce() {
    try (Conversation c = model.conversation()) {
      Counted twice = Counted.ask(c, "Compare the two images.", picture(1), picture(1));
      assertThat(twice.tilesEncoded()).isEqualTo(1);
      assertThat(twice.usage().tiles()).isEqualTo(2);
      assertThat(twice.usage().encodedTiles()).isEqualTo(1);
      Counted again = Counted.ask(c, "And this one?", picture(1));
      assertThat(again.tilesEncoded()).isZero();
      assertThat(again.usage().encodedTiles()).isZero();
    }
  }

  @Test
  void aPictureThatDiffersInOneBitIsEncoded() {
    try (Conversation c = model.conversation()) {
      Counted.ask(c, FIRST, picture(1));
      byte[] rgb = picture(1).rgb().clone();
      rgb[rgb.length - 1] ^= 1;
      Counted other = Counted.ask(c, FIRST, Picture.ofRgb(448, 448, rgb));
      assertThat(other.tilesEncoded()).isEqualTo(1);
    }
  }

  /// A picture of one tile, each time another object.
  private static Picture picture(int seed) {
    byte[] rgb = new byte[3 * 448 * 448];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(448, 448, rgb);
  }
}
