package org.internvl4j.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.internvl4j.loader.Checkpoint;
import org.internvl4j.models.Dialogue;
import org.internvl4j.models.Generation;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.Question;
import org.internvl4j.models.SessionOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.RefusedException.Reason;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Who gets a place, and whose turn it is.
class QueueTest {
  private static final EngineOptions ONE = EngineOptions.DEFAULT.withTogether(1);

  private static VisionLanguageModel model;

  @BeforeAll
  static void open() throws Exception {
    model =
        VisionLanguageModel.open(
            Checkpoint.open(Fixtures.folder("internvl2-1b")),
            OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /// However many users a host asks for, another host is not behind all of them.
  @Test
  void hostsTakeTurnsThenTheirUsers() throws Exception {
    Holding holding = new Holding();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    List<Reply> replies = new ArrayList<>();
    try (Engine engine = new Engine(model, ONE, holding)) {
      replies.add(engine.submit(request("Hi", Client.NOBODY)));
      holding.reached.await();
      List<String> asked = List.of("a/x", "a/x", "a/y", "a/z", "b/x");
      for (int i = 0; i < asked.size(); i++) {
        String[] name = asked.get(i).split("/", -1);
        replies.add(engine.submit(request("!".repeat(1 + i), new Client(name[0], name[1]))));
      }
      holding.order = order;
      holding.go.countDown();
      for (Reply reply : replies) {
        reply.await();
      }
    } // and with its end the listener has heard all
    int first = order.get(1); // of a/x, whose question is the shortest
    assertThat(order.subList(1, 6))
        .containsExactly(first, first + 4, first + 2, first + 3, first + 1);
  }

  @Test
  void nobodyFillsTheQueueAlone() throws Exception {
    Holding holding = new Holding();
    Engine engine = new Engine(model, ONE.withQueue(12), holding);
    engine.submit(request("Hi", Client.NOBODY));
    holding.reached.await();
    int greedy = fill(engine, new Client("a", "greedy"));
    assertThat(greedy).isEqualTo(4); // with 8 places left, 4 of them to other users of its host
    assertThat(fill(engine, new Client("a", "modest"))).isPositive();
    assertThat(fill(engine, new Client("b", ""))).isPositive();
    holding.go.countDown();
    engine.close();
  }

  /// Asks until there is no place.
  ///
  /// @return how often there was one
  private static int fill(Engine engine, Client client) {
    for (int places = 0; ; places++) {
      try {
        engine.submit(request("Hi", client));
      } catch (RefusedException e) {
        assertThat(e.reason()).isEqualTo(Reason.QUEUE_FULL);
        assertThat(e).hasMessageEndingWith("ask again later");
        return places;
      }
    }
  }

  /// The queue is for those who have to wait, and several answers to one question are one request.
  @Test
  void anIdleEngineHasPlacesBesideItsQueue() throws Exception {
    Request request = request("Hi", Client.NOBODY);
    List<Generation> options =
        IntStream.range(0, 8)
            .mapToObj(i -> Generation.SAMPLED.withSeed(i).withMaxNewTokens(9))
            .toList();
    try (Engine engine = new Engine(model, ONE.withQueue(1), EngineListener.NONE)) {
      List<Reply> replies = engine.submit(request, options);
      List<String> together = new ArrayList<>();
      for (Reply reply : replies) {
        together.add(reply.await().answer().text());
      }
      for (int i = 0; i < 8; i++) {
        Request alone = new Request(request.dialogue(), options.get(i), Client.NOBODY, null);
        assertThat(engine.submit(alone).await().answer().text()).isEqualTo(together.get(i));
      }
    }
  }

  /// However short the queue is, as many as are answered at a time get in from one client.
  @Test
  void theQueueIsForThoseBehindTheOnesThatAreAnswered() throws Exception {
    Holding holding = new Holding();
    EngineOptions options = EngineOptions.DEFAULT.withTogether(4).withQueue(1);
    List<Reply> replies = new ArrayList<>();
    try (Engine engine = new Engine(model, options, holding)) {
      replies.add(engine.submit(request("Hi", Client.NOBODY)));
      holding.reached.await();
      for (int i = 1; i < 4; i++) {
        replies.add(engine.submit(request("Hi", Client.NOBODY)));
      }
      holding.go.countDown();
      for (Reply reply : replies) {
        reply.await();
      }
    }
  }

  /// What was begun is not refused because it had to give up its memory for a while.
  @Test
  void closingLetsThoseEndThatWereBegun() throws Exception {
    Holding holding = new Holding();
    var c = model.config().language();
    long page = 2L * 128 * c.numHiddenLayers() * c.numKeyValueHeads() * c.headDim() * Float.BYTES;
    SessionOptions small = SessionOptions.DEFAULT.withKvBytes(3 * page);
    Engine engine = new Engine(model, EngineOptions.DEFAULT.withSession(small), holding);
    Generation options = Generation.SAMPLED.withTemperature(50).withMaxNewTokens(300);
    List<Reply> replies =
        engine.submit(request("Hi", Client.NOBODY), Collections.nCopies(3, options));
    holding.reached.await();
    Thread closing = Thread.ofVirtual().start(() -> engine.close(Duration.ofDays(1)));
    while (engine.isOpen()) {
      Thread.onSpinWait();
    }
    holding.go.countDown();
    closing.join();
    assertThat(holding.suspended.get()).isPositive();
    int answered = 0;
    for (Reply reply : replies) {
      answered += reply.next(Duration.ZERO) instanceof Reply.Refused ? 0 : 1;
    }
    assertThat(answered).isEqualTo(3);
  }

  /// A listener that fails where the engine decides whose turn it is stands for a fault of the
  /// engine itself: nobody waits for it in vain.
  @Test
  void anEngineThatFailsRefusesAll() throws Exception {
    Holding holding =
        new Holding() {
          @Override
          public void refused(Reason reason) {
            throw new IllegalStateException("a fuse has blown");
          }
        };
    try (Engine engine = new Engine(model, ONE, holding)) {
      Reply growing = engine.submit(request("Hi", Client.NOBODY));
      holding.reached.await();
      Reply waiting = engine.submit(request("Hi", Client.NOBODY));
      Request late =
          new Request(
              Dialogue.of(Question.of("Hi")),
              Generation.GREEDY,
              Client.NOBODY,
              Duration.ofNanos(1));
      engine.submit(late);
      holding.go.countDown();
      for (Reply reply : List.of(growing, waiting)) {
        assertThatThrownBy(reply::await).hasMessage("engine: has failed: a fuse has blown");
      }
      assertThat(engine.isOpen()).isFalse();
    }
  }

  private static Request request(String question, Client client) {
    Generation options = Generation.GREEDY.withMaxNewTokens(8);
    return new Request(Dialogue.of(Question.of(question)), options, client, null);
  }
}
