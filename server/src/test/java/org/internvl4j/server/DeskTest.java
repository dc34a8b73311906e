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
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
          .isInstanceOf(UncheckedIOException.class)
          .hasRootCauseMessage("has left");
      interrupted.await();
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
        Server server = Server.listen(ServerOptions.DEFAULT.withPort(0), 1000)) {
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
}
