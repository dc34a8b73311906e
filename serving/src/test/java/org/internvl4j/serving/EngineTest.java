package org.internvl4j.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Answer.Finish;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.PromptTooLongException;
import org.internvl4j.models.Question;
import org.internvl4j.models.SessionOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.RefusedException.Reason;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {
  private static final int KINDS = 24;
  private static final String LONG = "Look well, and say only what is there to be seen. ".repeat(5);

  private static VisionLanguageModel model;
  private static Map<Integer, Answer> alone;

  @BeforeAll
  static void open() throws Exception {
    model =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")),
            OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    alone = new ConcurrentHashMap<>();
    try (Engine engine = engine(EngineOptions.DEFAULT.withTogether(1), EngineListener.NONE)) {
      for (int i = 0; i < KINDS; i++) {
        alone.put(i, engine.submit(request(i, "one")).await().answer());
      }
    }
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /// However many ask, and however little memory there is, everybody gets the answer that he would
  /// get alone, and all memory comes back.
  @ParameterizedTest
  @ValueSource(longs = {0, 9, 5})
  void everybodyGetsTheAnswerThatHeWouldGetAlone(long pages) throws Exception {
    Counting counting = new Counting();
    SessionOptions session = SessionOptions.DEFAULT.withKvBytes(pages * page());
    AtomicInteger answered = new AtomicInteger();
    try (Engine engine = engine(EngineOptions.DEFAULT.withSession(session), counting);
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int client = 0; client < 12; client++) {
        Random random = new Random(pages * 100 + client);
        String name = "client " + client;
        all.add(
            clients.submit(() -> {
              for (int i = 0; i < 12; i++) {
                askSomething(engine, random, name, answered);
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      engine.forget();
      EngineState state = engine.state();
      assertThat(state.waiting() + state.reading() + state.growing()).isZero();
      assertThat(state.usedPages() + state.keptPages()).isZero();
      assertThat(counting.done.get()).isEqualTo(answered.get());
      if (pages == 5) {
        assertThat(counting.suspended.get()).isPositive();
      }
    }
  }

  private static void askSomething(
      Engine engine, Random random, String client, AtomicInteger answered) throws Exception {
    int kind = random.nextInt(KINDS);
    switch (random.nextInt(8)) {
      case 0 ->
          assertThatThrownBy(() ->
                  engine.submit(
                      new Request(
                          Dialogue.of(Question.of("<image> <image>", picture(1))),
                          Generation.GREEDY,
                          Client.of(client),
                          null)))
              .isInstanceOf(IllegalArgumentException.class);
      case 1 -> {
        Reply reply = engine.submit(request(kind, client));
        for (int events = random.nextInt(6); events > 0; events--) {
          reply.next(Duration.ofMillis(random.nextInt(20)));
        }
        reply.cancel();
        Answer answer = reply.await().answer();
        assertThat(alone.get(kind).text()).startsWith(whole(answer.text()));
        answered.incrementAndGet();
      }
      default -> {
        Answer answer = engine.submit(request(kind, client)).await().answer();
        assertThat(answer.text()).isEqualTo(alone.get(kind).text());
        assertThat(answer.finish()).isEqualTo(alone.get(kind).finish());
        assertThat(answer.usage().newTokens()).isEqualTo(alone.get(kind).usage().newTokens());
        answered.incrementAndGet();
      }
    }
  }

  @Test
  void eventsComeInOrderAndMakeTheAnswer() throws Exception {
    try (Engine engine = engine(EngineOptions.DEFAULT, EngineListener.NONE)) {
      Reply reply = engine.submit(request(5, "one"));
      List<Reply.Event> events = new ArrayList<>();
      while (events.isEmpty() || !(events.getLast() instanceof Reply.Done)) {
        Reply.Event event = reply.next(Duration.ofDays(1));
        events.add(event);
      }
      assertThat(events.getFirst()).isInstanceOf(Reply.Seen.class);
      StringBuilder text = new StringBuilder();
      events.forEach(event -> text.append(event instanceof Reply.Text(String piece) ? piece : ""));
      Reply.Done done = (Reply.Done) events.getLast();
      assertThat(text.toString()).isEqualTo(done.answer().text());
      assertThat(done.times().firstToken()).isBetween(done.times().queued(), done.times().total());
      assertThat(reply.next(Duration.ZERO)).isSameAs(done);
    }
  }

  @Test
  void clientsTakeTurnsHoweverMuchTheyAsk() throws Exception {
    Holding holding = new Holding();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    try (Engine engine = engine(EngineOptions.DEFAULT.withTogether(1), holding)) {
      List<Reply> replies = new ArrayList<>();
      replies.add(engine.submit(request(0, "first")));
      holding.reached.await();
      for (int i = 1; i <= 6; i++) {
        replies.add(engine.submit(request(i, "greedy")));
      }
      replies.add(engine.submit(request(7, "modest")));
      holding.order = order;
      holding.go.countDown();
      for (Reply reply : replies) {
        reply.await();
      }
    } // and with its end the listener has heard all
    int modest = alone.get(7).usage().promptTokens();
    assertThat(order).hasSize(8);
    assertThat(order.indexOf(modest)).isLessThanOrEqualTo(2);
  }

  @Test
  void refusesWhenFullLateOrClosing() throws Exception {
    Holding holding = new Holding();
    Engine engine = engine(EngineOptions.DEFAULT.withTogether(1).withQueue(2), holding);
    Reply running = engine.submit(request(0, "one"));
    holding.reached.await();
    Reply late =
        engine.submit(
            new Request(
                Dialogue.of(Question.of("Hi")),
                Generation.GREEDY,
                Client.of("two"),
                Duration.ofNanos(1)));
    Reply waiting = engine.submit(request(1, "three"));
    assertThatThrownBy(() -> engine.submit(request(2, "four")))
        .isInstanceOfSatisfying(
            RefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.QUEUE_FULL))
        .hasMessage("engine: 2 requests wait already; ask again later");
    assertThat(engine.state().waiting()).isLessThanOrEqualTo(2);
    Thread closing = Thread.ofVirtual().start(() -> engine.close(Duration.ofDays(1)));
    while (true) {
      try {
        engine.submit(request(3, "five")).cancel();
      } catch (RefusedException e) {
        if (e.reason() == Reason.CLOSING) {
          break;
        }
      }
      Thread.onSpinWait();
    }
    holding.go.countDown();
    closing.join();
    assertThat(running.await().answer().text()).isEqualTo(alone.get(0).text());
    assertThat(reason(late)).isEqualTo(Reason.DEADLINE);
    assertThat(reason(waiting)).isEqualTo(Reason.CLOSING);
    engine.close();
  }

  @Test
  void closingAtOnceCancelsWhatGrows() throws Exception {
    Holding holding = new Holding();
    Engine engine = engine(EngineOptions.DEFAULT, holding);
    Reply growing =
        engine.submit(
            Request.of(
                Dialogue.of(Question.of("Hi")),
                Generation.SAMPLED.withTemperature(50).withMaxNewTokens(400)));
    holding.reached.await();
    Thread closing = Thread.ofVirtual().start(engine::close);
    while (closing.getState() == Thread.State.RUNNABLE || closing.getState() == Thread.State.NEW) {
      Thread.onSpinWait();
    }
    holding.go.countDown();
    closing.join();
    assertThat(growing.await().answer().finish()).isEqualTo(Finish.CANCELLED);
  }

  @Test
  void saysWhenAPromptIsTooLong() throws Exception {
    try (Engine engine = engine(EngineOptions.DEFAULT, EngineListener.NONE)) {
      Request request = Request.of(Dialogue.of(Question.of(LONG.repeat(20))), Generation.GREEDY);
      assertThatThrownBy(() -> engine.submit(request)).isInstanceOf(PromptTooLongException.class);
      assertThat(engine.submit(request(1, "one")).await().answer().text())
          .isEqualTo(alone.get(1).text());
    }
  }

  /// A listener that fails stands for everything that can go wrong in a step.
  @Test
  void aFailureEndsTheAnswersOfThatStepAndNothingElse() throws Exception {
    AtomicInteger left = new AtomicInteger(1);
    EngineListener failing =
        new EngineListener() {
          @Override
          public void firstToken(Operation operation, Duration since) {
            if (left.getAndDecrement() > 0) {
              throw new IllegalStateException("a fuse has blown");
            }
          }
        };
    try (Engine engine = engine(EngineOptions.DEFAULT, failing)) {
      assertThatThrownBy(() -> engine.submit(request(3, "one")).await())
          .isInstanceOf(RefusedException.class)
          .hasMessage("engine: the answer failed: a fuse has blown");
      assertThat(engine.submit(request(3, "one")).await().answer().text())
          .isEqualTo(alone.get(3).text());
      engine.forget();
      assertThat(engine.state().usedPages() + engine.state().keptPages()).isZero();
    }
  }

  /// A listener of the end that fails, too: the engine answers those who come after.
  @Test
  void aFailureAtTheEndOfAnAnswerEndsNothingElse() throws Exception {
    AtomicInteger left = new AtomicInteger(1);
    EngineListener failing =
        new EngineListener() {
          @Override
          public void done(Operation operation, Answer answer, Reply.Times times) {
            if (left.getAndDecrement() > 0) {
              throw new IllegalStateException("a fuse has blown");
            }
          }
        };
    try (Engine engine = engine(EngineOptions.DEFAULT, failing)) {
      assertThat(engine.submit(request(3, "one")).await().answer().text())
          .isEqualTo(alone.get(3).text());
      assertThat(engine.submit(request(5, "one")).await().answer().text())
          .isEqualTo(alone.get(5).text());
    }
  }

  // ---- requests

  private static Reason reason(Reply reply) throws InterruptedException {
    try {
      reply.await();
      throw new AssertionError("was answered");
    } catch (RefusedException e) {
      return e.reason();
    }
  }

  /// A text without the half character that a cancelled answer may end with.
  private static String whole(String text) {
    return text.replaceAll("\ufffd+$", "");
  }

  private static Engine engine(EngineOptions options, EngineListener listener) {
    return new Engine(model, options.withReading(Duration.ofMillis(1)), listener);
  }

  private static Request request(int i, String client) {
    Question question =
        i % 2 == 0
            ? Question.of("What comes after " + i + "?" + "!".repeat(i))
            : Question.of("What is it? " + "?".repeat(i), picture(i / 4)).withMaxTiles(2);
    Dialogue dialogue = Dialogue.of(question).withSystem(i % 3 == 0 ? null : LONG);
    Generation options = i % 5 == 0 ? Generation.GREEDY : Generation.SAMPLED.withSeed(i);
    return new Request(dialogue, options.withMaxNewTokens(8 + 5 * i), Client.of(client), null);
  }

  private static Picture picture(int seed) {
    byte[] rgb = new byte[3 * 50 * 40];
    new Random(seed).nextBytes(rgb);
    return Picture.ofRgb(50, 40, rgb);
  }

  /// Bytes of a page of keys and values.
  private static long page() {
    var c = model.config().language();
    return 2L * 128 * c.numHiddenLayers() * c.numKeyValueHeads() * c.headDim() * Float.BYTES;
  }

  /// Counts.
  private static final class Counting implements EngineListener {
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger suspended = new AtomicInteger();

    @Override
    public void done(Operation operation, Answer answer, Reply.Times times) {
      done.incrementAndGet();
    }

    @Override
    public void suspended() {
      suspended.incrementAndGet();
    }
  }
}
