package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.Test;

/// Long work, and bodies that come slowly.
class DeskTest {
  @Test
  void givesUpWhatNobodyWaitsFor() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    try (Desk desk = new Desk("test")) {
      assertThatThrownBy(() ->
              desk.run(
                  () -> {
                    try {
                      return new CountDownLatch(1).await(1, TimeUnit.DAYS);
                    } catch (InterruptedException e) {
                      interrupted.countDown();
                      throw e;
                    }
                  },
                  () -> {
                    throw new IOException("has left");
                  }))
          .isInstanceOf(ClientLeftException.class)
          .hasRootCauseMessage("has left");
      interrupted.await();
    }
  }

  private static void hasLeft() throws IOException {
    throw new IOException("has left");
  }

  /// Work that does not hear at once that it is given up: memory that it uses is not free before.
  @Test
  void isLeftWhenTheWorkHasEnded() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch free = new CountDownLatch(1);
    List<String> order = new CopyOnWriteArrayList<>();
    try (Desk desk = new Desk("test")) {
      Callable<String> deaf =
          () -> {
            try {
              free.await();
            } catch (InterruptedException e) {
              interrupted.countDown();
              free.await();
            }
            order.add("work");
            return "";
          };
      Thread client =
          Thread.startVirtualThread(() -> {
            assertThatThrownBy(() -> desk.run(deaf, DeskTest::hasLeft))
                .isInstanceOf(ClientLeftException.class);
            order.add("client");
          });
      interrupted.await();
      while (client.isAlive() && client.getState() != Thread.State.WAITING) {
        Thread.onSpinWait(); // until it waits, or has gone
      }
      free.countDown();
      client.join();
      assertThat(order).containsExactly("work", "client");
    }
  }

  /// A file that was opened for a client that left meanwhile.
  @Test
  void closesWhatWasMadeForNobody() {
    AtomicInteger closed = new AtomicInteger();
    try (Desk desk = new Desk("test")) {
      Callable<AutoCloseable> opening =
          () -> {
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              // it was done nearly
            }
            return closed::incrementAndGet;
          };
      assertThatThrownBy(() -> desk.run(opening, DeskTest::hasLeft))
          .isInstanceOf(ClientLeftException.class);
    }
    assertThat(closed).hasValue(1);
  }

  /// However much one address has asked for, another waits for one of its own at most.
  @Test
  void seatsAreGivenByTurns() throws Exception {
    CountDownLatch taken = new CountDownLatch(1);
    CountDownLatch free = new CountDownLatch(1);
    List<String> order = new CopyOnWriteArrayList<>();
    try (Desk desk = new Desk("test", 1);
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      clients.execute(() ->
          desk.run(() -> {
            taken.countDown();
            free.await();
            return "";
          }));
      taken.await();
      List<Future<?>> all = new ArrayList<>();
      for (String host : List.of("a", "a", "a", "b", "c", "b")) {
        int before = desk.waiting();
        all.add(clients.submit(() -> desk.run(() -> order.add(host), new Host(host))));
        while (desk.waiting() == before) {
          Thread.onSpinWait();
        }
      }
      free.countDown();
      for (Future<?> one : all) {
        one.get();
      }
      assertThat(order).containsExactly("a", "b", "c", "a", "b", "a");
    }
  }

  private record Host(String host) implements Desk.Watch {
    @Override
    public void requireClient() {}
  }

  /// Those that wait for a seat of a server that ends are told so.
  @Test
  void nobodyWaitsForADeskThatIsClosed() throws Exception {
    CountDownLatch taken = new CountDownLatch(1);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Desk desk = new Desk("test", 1);
      clients.execute(() ->
          desk.run(() -> {
            taken.countDown();
            return new CountDownLatch(1).await(1, TimeUnit.DAYS) ? "" : null;
          }));
      taken.await();
      Future<?> waiting = clients.submit(() -> desk.run(() -> ""));
      while (desk.waiting() == 0) {
        Thread.onSpinWait();
      }
      desk.close();
      assertThatThrownBy(waiting::get).hasRootCauseMessage("server: is ending");
      assertThatThrownBy(() -> desk.run(() -> "")).hasMessage("server: is ending");
    }
  }

  /// Work that does not hear that it is interrupted holds up neither the desk's end nor a server's,
  /// and the model stays for it.
  @Test
  void deafWorkHoldsNobodyUp() throws Exception {
    CountDownLatch taken = new CountDownLatch(1);
    CountDownLatch free = new CountDownLatch(1);
    VisionLanguageModel model =
        VisionLanguageModel.open(
            DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Server server =
          Server.start(() -> model, EngineOptions.DEFAULT, ServerOptions.DEFAULT.withPort(0));
      Future<?> waiting = clients.submit(() -> server.studio().run(() -> deaf(taken, free)));
      taken.await();
      server.close();
      assertThat(waiting.isDone()).isFalse();
      assertThat(model.ask("hello").text()).isNotEmpty();
      free.countDown();
      assertThat(server.studio().awaitEnd(Duration.ofDays(1))).isTrue();
      server.close();
      assertThatThrownBy(() -> model.ask("hello")).isInstanceOf(IllegalStateException.class);
    }
  }

  private static String deaf(CountDownLatch taken, CountDownLatch free) {
    taken.countDown();
    while (true) {
      try {
        free.await();
        return "";
      } catch (InterruptedException e) {
        // hears nothing
      }
    }
  }

  /// A server that cannot do its work, as with a full disk, says so; it is not the client's
  /// leaving.
  @Test
  void whatFailsIsToldAndCounted() throws Exception {
    try (Server server = Server.listen(ServerOptions.DEFAULT.withPort(0))) {
      Route.Action full =
          _ -> {
            throw new UncheckedIOException(new IOException("No space left on device"));
          };
      server.router().open(List.of(new Route("GET", "/full", Dialect.OPENAI, false, full)));
      HttpResponse<String> answer = new Client(server).get("/full");
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).contains("internal_error").doesNotContain("No space");
    }
  }

  @Test
  void tellsWhatWentWrong() {
    try (Desk desk = new Desk("test")) {
      ApiException wrong = ApiException.bad("is wrong");
      assertThatThrownBy(() ->
              desk.run(() -> {
                throw wrong;
              }))
          .isSameAs(wrong);
      assertThat(desk.<String>run(() -> "goes on")).isEqualTo("goes on");
    }
  }

  /// A body that takes a while to read waits for a seat, as other long work does; a short one needs
  /// none.
  @Test
  void longBodiesAreReadAtTheDesk() throws Exception {
    CountDownLatch taken = new CountDownLatch(Desk.SEATS);
    CountDownLatch free = new CountDownLatch(1);
    try (Demo demo = new Demo();
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Desk desk = demo.server.desk();
      Callable<Boolean> sitting =
          () -> {
            taken.countDown();
            return free.await(1, TimeUnit.DAYS);
          };
      for (int i = 0; i < Desk.SEATS; i++) {
        clients.execute(() -> desk.run(sitting));
      }
      taken.await();
      String body = "{" + " ".repeat(1 << 20) + "?";
      Future<HttpResponse<String>> answer =
          clients.submit(() -> demo.client.post("/tokenize", body));
      try {
        while (desk.waiting() == 0 && !answer.isDone()) {
          Thread.onSpinWait();
        }
        assertThat(answer.isDone()).isFalse();
        assertThat(demo.client.post("/tokenize", "{?").statusCode()).isEqualTo(400);
      } finally {
        free.countDown();
      }
      assertThat(answer.get().statusCode()).isEqualTo(400);
    }
  }

  @Test
  void aBodyThatStallsIsRefused() throws Exception {
    String head = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n";
    try (VisionLanguageModel model =
            VisionLanguageModel.open(
                DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
        Server server = Server.listen(ServerOptions.DEFAULT.withPort(0), 1000, 1024)) {
      server.serve(model, EngineOptions.DEFAULT);
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
        socket.getOutputStream().write((head + "{").getBytes(StandardCharsets.US_ASCII));
        String answer =
            new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(answer).startsWith("HTTP/1.1 408 ").contains("its body comes too slowly");
      }
      assertThat(new Client(server).get("/metrics").body())
          .contains("internvl_refusals_total{reason=\"timeout\"} 1.0");
    }
  }

  /// Haste at the beginning pays for nothing later.
  @Test
  void everyStretchOfABodyHasItsPace() {
    Pace pace = new Pace(Duration.ofSeconds(30), 1000);
    long second = 1_000_000_000;
    assertThat(pace.isSlow(50_000_000, 0)).isFalse();
    assertThat(pace.isSlow(1, 29 * second)).isFalse();
    assertThat(pace.isSlow(1, 30 * second)).isFalse(); // much came in these
    assertThat(pace.isSlow(29_998, 45 * second)).isFalse();
    assertThat(pace.isSlow(1, 61 * second)).isTrue();
  }

  /// Nor is it the client's slowness that its body waits for memory.
  @Test
  void whoWaitsIsNotSlow() {
    Pace pace = new Pace(Duration.ofSeconds(30), 1000);
    long second = 1_000_000_000;
    assertThat(pace.isSlow(1, 0)).isFalse();
    pace.pause(10 * second);
    assertThat(pace.isSlow(1, 39 * second)).isFalse();
    assertThat(pace.isSlow(1, 40 * second)).isTrue();
  }
}
