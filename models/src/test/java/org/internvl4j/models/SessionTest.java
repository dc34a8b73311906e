package org.internvl4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.image.Picture;
import org.internvl4j.testkit.Effort;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Answers that share a session: each comes out as it does alone, to the last bit.
class SessionTest {
  private static final int TOKENS = 24;
  private static final List<Integer> ALL = List.of(2, 3, 4, 5, 6, 7, 8);
  private static final OpenOptions OPTIONS = OpenOptions.DEFAULT.withDevice("cpu").withoutCache();
  private static final String LONG = "Look well, and say only what is there to be seen. ".repeat(5);

  /// What there is of an answer: its text, and all keys and values, whose bits everything went
  /// into.
  private record Made(String text, List<float[]> past, Answer.Usage usage) {}

  @ParameterizedTest
  @CsvSource({
    "internvl2-1b, STORED",
    "internvl2-1b, Q8",
    "internvl2-1b, Q4",
    "internvl2-2b, STORED",
    "internvl2-4b, STORED",
    "internvl3_5-1b, STORED"
  })
  void companyChangesNoBit(String fixture, WeightFormat weights) {
    try (VisionLanguageModel model = open(fixture, OPTIONS.withWeights(weights))) {
      companyChangesNoBit(model, ALL);
    }
  }

  @Test
  void companyChangesNoBitOnTheGpu() {
    assumeTrue(
        Files.exists(Path.of(System.getProperty("internvl4j.cuda.library"))),
        "no emulator was built: g++ is absent, or this is not Linux on x86-64");
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS.withDevice("cuda"))) {
      companyChangesNoBit(model, Effort.isWhole() ? ALL : List.of(2, 5, 8));
    }
  }

  private static void companyChangesNoBit(VisionLanguageModel model, List<Integer> companies) {
    List<Made> alone = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      try (Session session = model.session(SessionOptions.DEFAULT)) {
        alone.addAll(run(session, List.of(i), new Random(i)));
      }
    }
    assertThat(alone.stream().map(Made::text).distinct().count()).isGreaterThan(3);
    for (int company : companies) {
      try (Session session = model.session(SessionOptions.DEFAULT)) {
        List<Made> together = run(session, upTo(company), new Random(company));
        for (int i = 0; i < company; i++) {
          requireSame(alone.get(i), together.get(i));
        }
        session.forget();
        assertThat(session.freePages()).isEqualTo(session.pages());
      }
    }
  }

  @Test
  void whatPromptsBeginWithIsReadOnceAndChangesNoBit() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS);
        Session session = model.session(SessionOptions.DEFAULT)) {
      Made first = run(session, List.of(1), new Random(1)).getFirst();
      Made again = run(session, List.of(1), new Random(2)).getFirst();
      Made other = run(session, List.of(3), new Random(3)).getFirst();
      assertThat(first.usage().cachedTokens()).isZero();
      assertThat(first.usage().encodedTiles()).isPositive();
      assertThat(again.usage().cachedTokens()).isGreaterThanOrEqualTo(128);
      assertThat(again.usage().encodedTiles()).isZero();
      assertThat(other.usage().cachedTokens()).isGreaterThanOrEqualTo(128);
      requireSame(first, again);
      session.forget();
      requireSame(other, run(session, List.of(3), new Random(4)).getFirst());
      assertThat(session.freePages()).isLessThan(session.pages());
      session.forget();
      assertThat(session.freePages()).isEqualTo(session.pages());
    }
  }

  @Test
  void aSuspendedAnswerComesOutTheSameAndIsHeardOnce() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS);
        Session session = model.session(SessionOptions.DEFAULT)) {
      Made whole = run(session, List.of(2), new Random(0)).getFirst();
      for (int tokens = 0; tokens < TOKENS; tokens += 5) {
        StringBuilder heard = new StringBuilder();
        Answering answering = session.prepare(dialogue(2), options(2), heard::append);
        assertThat(session.admit(answering)).isTrue();
        for (int pieces = 0; pieces < 3 && answering.isReading(); pieces++) {
          session.read(answering);
        }
        if (tokens > 0) {
          finishReading(session, answering);
        }
        while (answering.newTokens() < tokens) {
          assertThat(session.hasRoom(answering)).isTrue();
          session.advance(List.of(answering));
        }
        session.suspend(answering);
        assertThat(answering.isAdmitted()).isFalse();
        assertThat(session.admit(answering)).isTrue();
        finishReading(session, answering);
        Made made = finish(session, answering);
        requireSame(whole, made);
        assertThat(heard.toString()).isEqualTo(made.text());
      }
    }
  }

  @Test
  void memoryThatIsShortLetsAnswersWaitAndGoesBackWhole() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS)) {
      long page;
      try (Session session = model.session(SessionOptions.DEFAULT)) {
        Answering answering = session.prepare(dialogue(1), options(1), AnswerListener.NONE);
        session.admit(answering);
        page = answering.cache().byteSize() / (session.pages() - session.freePages());
        session.suspend(answering);
      }
      try (Session session = model.session(SessionOptions.DEFAULT.withKvBytes(9 * page))) {
        assertThat(session.pages()).isEqualTo(9);
        List<Answering> admitted = new ArrayList<>();
        Answering next = session.prepare(dialogue(0), options(0), AnswerListener.NONE);
        while (session.admit(next)) {
          admitted.add(next);
          next = session.prepare(dialogue(admitted.size()), options(0), AnswerListener.NONE);
        }
        assertThat(admitted).isNotEmpty();
        assertThat(next.isAdmitted()).isFalse();
        admitted.forEach(session::end);
        assertThat(session.admit(next)).isTrue();
        assertThat(session.end(next).finish()).isEqualTo(Answer.Finish.CANCELLED);
        assertThat(session.end(next).text()).isEmpty();
        session.forget();
        assertThat(session.freePages()).isEqualTo(9);
        assertThatThrownBy(() ->
                session.prepare(
                    Dialogue.of(Question.of(LONG.repeat(40))), options(0), AnswerListener.NONE))
            .isInstanceOf(PromptTooLongException.class);
      }
      assertThatThrownBy(() -> model.session(SessionOptions.DEFAULT.withKvBytes(page - 1)))
          .isInstanceOf(KvMemoryException.class)
          .hasMessageContaining("a page of 128 tokens");
    }
  }

  @Test
  void anAnswerEndsWhereAllMemoryDoes() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS)) {
      long page =
          2L
              * 128
              * model.config().language().numHiddenLayers()
              * model.config().language().numKeyValueHeads()
              * model.config().language().headDim()
              * 4;
      try (Session session = model.session(SessionOptions.DEFAULT.withKvBytes(page))) {
        Answering a =
            session.prepare(
                Dialogue.of(Question.of("Hi")),
                Generation.SAMPLED.withTemperature(50).withMaxNewTokens(1000),
                AnswerListener.NONE);
        assertThat(session.admit(a)).isTrue();
        finishReading(session, a);
        Made made = finish(session, a);
        assertThat(made.usage().promptTokens() + made.usage().newTokens()).isLessThanOrEqualTo(128);
      }
    }
  }

  @Test
  void forgettingLeavesWhatIsBeingRead() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS);
        Session session = model.session(SessionOptions.DEFAULT)) {
      Made whole = run(session, List.of(1), new Random(0)).getFirst();
      session.forget();
      Answering answering = session.prepare(dialogue(1), options(1), AnswerListener.NONE);
      session.admit(answering);
      while (answering.isReading()) {
        session.read(answering);
        session.forget();
      }
      requireSame(whole, finish(session, answering));
    }
  }

  @Test
  void onePassAtATimeIsUnderWay() {
    try (VisionLanguageModel model = open("internvl2-1b", OPTIONS);
        Session session = model.session(SessionOptions.DEFAULT)) {
      Answering one = session.prepare(dialogue(1), options(1), AnswerListener.NONE);
      Answering two = session.prepare(dialogue(2), options(2), AnswerListener.NONE);
      session.admit(one);
      session.admit(two);
      session.read(one);
      assertThatThrownBy(() -> session.read(two))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in the middle of a pass");
      session.suspend(one);
      session.read(two);
    }
  }

  // ---- answers

  /// Lets some dialogues be answered in an order that only chance knows.
  private static List<Made> run(Session session, List<Integer> which, Random random) {
    List<Answering> all = new ArrayList<>();
    for (int i : which) {
      Answering a = session.prepare(dialogue(i), options(i), AnswerListener.NONE);
      all.add(a);
    }
    Made[] made = new Made[all.size()];
    while (Arrays.asList(made).contains(null)) {
      Answering next = all.get(random.nextInt(all.size()));
      boolean pass = all.stream().anyMatch(Answering::isMidPass);
      if (!next.isAdmitted() && made[all.indexOf(next)] == null) {
        assertThat(session.admit(next)).isTrue();
      } else if (next.isReading() && (!pass || next.isMidPass())) {
        session.read(next);
      } else {
        List<Answering> running =
            all.stream().filter(a -> a.isAdmitted() && !a.isReading() && !a.isFinished()).toList();
        running.forEach(a -> assertThat(session.hasRoom(a)).isTrue());
        if (!running.isEmpty()) {
          session.advance(running);
        }
      }
      for (int i = 0; i < made.length; i++) {
        if (made[i] == null && all.get(i).isFinished()) {
          made[i] = end(session, all.get(i));
        }
      }
    }
    return List.of(made);
  }

  private static void finishReading(Session session, Answering answering) {
    while (answering.isReading()) {
      session.read(answering);
    }
  }

  private static Made finish(Session session, Answering answering) {
    while (!answering.isFinished()) {
      assertThat(session.hasRoom(answering)).isTrue();
      session.advance(List.of(answering));
    }
    return end(session, answering);
  }

  private static Made end(Session session, Answering answering) {
    List<float[]> past = new ArrayList<>();
    int length = answering.cache().length();
    int layers = 2;
    for (int layer = 0; layer < layers; layer++) {
      past.add(answering.cache().keys(layer, length));
      past.add(answering.cache().values(layer, length));
    }
    Answer answer = session.end(answering);
    return new Made(answer.text(), past, answer.usage());
  }

  private static void requireSame(Made expected, Made found) {
    assertThat(found.text()).isEqualTo(expected.text());
    assertThat(found.past()).hasSameSizeAs(expected.past());
    for (int i = 0; i < expected.past().size(); i++) {
      assertThat(Arrays.mismatch(found.past().get(i), expected.past().get(i)))
          .as("first value that differs in " + i)
          .isEqualTo(-1);
    }
  }

  /// Eight that have a long system message, pictures, or neither in common.
  private static Dialogue dialogue(int i) {
    Question question =
        i % 2 == 0
            ? Question.of("What comes after " + i + "?")
            : Question.of("What is it? " + i, picture(i / 4)).withMaxTiles(2);
    Dialogue dialogue =
        i < 6
            ? Dialogue.of(question)
            : new Dialogue(
                null,
                List.of(new Dialogue.Earlier(Question.of("Who are you?"), "I am what I am.")),
                question);
    return i % 4 == 0 ? dialogue : dialogue.withSystem(LONG);
  }

  private static Generation options(int i) {
    Generation options = i % 3 == 0 ? Generation.GREEDY : Generation.SAMPLED.withSeed(i);
    LogitBias bias = new LogitBias(0.5f, 0.25f, Map.of(i, 2f));
    return options.withMaxNewTokens(TOKENS - i).withBias(i % 4 == 3 ? bias : LogitBias.NONE);
  }

  private static List<Integer> upTo(int n) {
    return IntStream.range(0, n).boxed().toList();
  }

  private static Picture picture(int seed) {
    byte[] rgb = new byte[3 * 50 * 40];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(50, 40, rgb);
  }

  private static VisionLanguageModel open(String fixture, OpenOptions options) {
    return VisionLanguageModel.open(Checkpoint.open(Fixtures.folder(fixture)), options);
  }
}
