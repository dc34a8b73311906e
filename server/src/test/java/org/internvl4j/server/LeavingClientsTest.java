package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients that leave their answers, and a server that leaves its clients.
class LeavingClientsTest {
  private static final int CLIENTS = 100;
  private static final int TOKENS = 2000;
  private static final int WAITING = 12;

  private static Demo demo() throws Exception {
    return new Demo(
        EngineOptions.DEFAULT,
        options ->
            options.withLimits(
                new Limits(1 << 20, 8 << 10, 2, 1_000_000, TOKENS, 2, Duration.ofHours(1))));
  }

  /// A request whose answer has [#TOKENS] if nobody leaves it.
  private static String body(Demo demo, String question, boolean stream) {
    String more = ", \"stream\": " + stream + ", \"temperature\": 2" + demo.endless();
    return demo.chat(question, more).replace("\"max_tokens\": 40", "\"max_tokens\": " + TOKENS);
  }

  /// Leaves at random moments; work stops long before the end, and all memory comes back.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void clientsThatLeaveLeaveNothingBehind(boolean stream) throws Exception {
    Random random = new Random(stream ? 1 : 2);
    long asked = 0; // for tokens
    try (Demo demo = demo()) {
      for (int i = 0; i < CLIENTS; i++) {
        String body = body(demo, "Tell me more! " + i, stream);
        byte[] all = request("/v1/chat/completions", body);
        int sent = random.nextInt(4) == 0 ? random.nextInt(all.length) : all.length;
        asked += sent == all.length ? TOKENS : 0;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), demo.server.port())) {
          OutputStream out = socket.getOutputStream();
          out.write(all, 0, sent);
          out.flush();
          if (stream && sent == all.length && random.nextBoolean()) {
            socket.getInputStream().read();
          }
          if (random.nextBoolean()) {
            socket.setSoLinger(true, 0);
          }
        }
      }
      // Connections are taken in turn, and end when their requests have.
      try (Socket last = new Socket(InetAddress.getLoopbackAddress(), demo.server.port())) {
        last.getOutputStream()
            .write(
                "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        last.getInputStream().readAllBytes();
      }
      while (demo.server.connections() > 0) {
        Thread.sleep(5);
      }
      demo.settle();
      assertThat(demo.outputTokens()).as("of " + asked + " tokens asked for").isLessThan(asked / 2);
    }
  }

  /// Work for a client that has left is not begun, and its memory comes back, though no seat was
  /// free all the time.
  @ParameterizedTest
  @CsvSource({
    "/v1/chat/completions, studio",
    "/v1/chat/completions, desk",
    "/v1/embeddings, desk",
    "/tokenize, desk"
  })
  void clientsThatLeaveBeforeTheirTurnAreMissed(String path, String where) throws Exception {
    try (Demo demo = demo()) {
      Desk desk = where.equals("desk") ? demo.server.desk() : demo.server.studio();
      long memory = demo.server.room().free();
      try (Sitters _ = new Sitters(desk)) {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < WAITING; i++) {
          Socket client = new Socket(InetAddress.getLoopbackAddress(), demo.server.port());
          clients.add(client);
          client.getOutputStream().write(request(path, question(demo, path, where)));
        }
        while (desk.waiting() < WAITING) {
          Thread.onSpinWait();
        }
        for (Socket client : clients) {
          client.close();
        }
        while (desk.waiting() > 0 || demo.server.connections() > 0) {
          Thread.sleep(5);
        }
        while (demo.server.room().free() < memory) {
          Thread.onSpinWait(); // an exchange ends behind its connection
        }
      }
      demo.settle();
      assertThat(demo.client.get("/metrics").body()).doesNotContain("gen_ai_client_token_usage");
    }
  }

  /// A client that sends all it has before it reads hears why it was refused in the middle.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusalsReachThoseWhoSendFirst(boolean isChunked) throws Exception {
    int length = 24 << 20;
    Limits limits = new Limits(8 << 20, 8 << 10, 2, 1_000_000, 64, 2, Duration.ofMinutes(1));
    try (Demo demo =
            new Demo(
                EngineOptions.DEFAULT,
                // what has a length is refused for that before, and for memory in the middle
                o -> isChunked ? o.withLimits(limits) : o.withMemory(8 << 20));
        Socket client = new Socket(InetAddress.getLoopbackAddress(), demo.server.port())) {
      String head = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\n";
      byte[] some = new byte[1 << 16];
      OutputStream out = client.getOutputStream();
      out.write(
          (head
                  + (isChunked
                      ? "Transfer-Encoding: chunked\r\n\r\n"
                      : "Content-Length: " + length + "\r\n\r\n"))
              .getBytes(StandardCharsets.US_ASCII));
      for (int sent = 0; sent < length; sent += some.length) {
        out.write((isChunked ? "10000\r\n" : "").getBytes(StandardCharsets.US_ASCII));
        out.write(some);
        out.write((isChunked ? "\r\n" : "").getBytes(StandardCharsets.US_ASCII));
      }
      out.write((isChunked ? "0\r\n\r\n" : "").getBytes(StandardCharsets.US_ASCII));
      String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      assertThat(answer).startsWith("HTTP/1.1 413 ").contains(isChunked ? "bytes" : "of memory");
    }
  }

  /// @param where it takes its first seat
  private static String question(Demo demo, String path, String where) {
    return switch (path) {
      case "/tokenize" -> "{\"content\": \"a b\"}";
      case "/v1/embeddings" -> "{\"input\": \"a b\"}";
      default ->
          where.equals("studio")
              ? demo.chat("What is it?", "")
              : "{\"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}";
    };
  }

  /// However long it takes to cut one.
  @Test
  void picturesTakeNoSeatOfTexts() throws Exception {
    try (Demo demo = demo();
        Sitters _ = new Sitters(demo.server.desk())) {
      assertThat(
              demo.client.post("/v1/chat/completions", demo.chat("What is it?", "")).statusCode())
          .isEqualTo(200);
      String input = "{\"input\": [{\"image\": \"" + demo.base64 + "\"}]}";
      assertThat(demo.client.post("/v1/embeddings", input).statusCode()).isEqualTo(200);
    }
  }

  private static byte[] request(String path, String body) {
    String head =
        "POST "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + body.getBytes(StandardCharsets.UTF_8).length
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.UTF_8);
  }

  /// To tokenise a text takes long and cannot be stopped: one that fits no context is refused
  /// before, and needs no seat.
  @ParameterizedTest
  @CsvSource({
    "/v1/chat/completions, messages",
    "/v1/completions, prompt",
    "/v1/embeddings, input",
    "/api/generate, prompt",
    "/tokenize, content"
  })
  void textsThatFitNoContextAreNotTokenised(String path, String field) throws Exception {
    try (Demo demo = demo();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        Sitters _ = new Sitters(demo.server.desk())) {
      String text = "\"" + "x".repeat(1_000_000) + "\"";
      String value =
          field.equals("messages") ? "[{\"role\": \"user\", \"content\": " + text + "}]" : text;
      var answer =
          threads.submit(() -> demo.client.post(path, "{\"" + field + "\": " + value + "}"));
      while (!answer.isDone() && demo.server.desk().waiting() == 0) {
        Thread.onSpinWait();
      }
      assertThat(demo.server.desk().waiting()).isZero();
      assertThat(answer.get().statusCode()).isEqualTo(400);
      assertThat(answer.get().body()).contains("prompt: is 1000000 characters long, more than");
    }
  }

  /// Takes all seats, until it is closed.
  private static final class Sitters implements AutoCloseable {
    private final CountDownLatch free = new CountDownLatch(1);

    Sitters(Desk desk) throws InterruptedException {
      CountDownLatch taken = new CountDownLatch(Desk.SEATS);
      for (int i = 0; i < Desk.SEATS; i++) {
        Thread.startVirtualThread(() ->
            desk.run(() -> {
              taken.countDown();
              return free.await(1, TimeUnit.DAYS);
            }));
      }
      taken.await();
    }

    @Override
    public void close() {
      free.countDown();
    }
  }

  /// A server that ends cuts answers off; it does not tell them as complete.
  @Test
  void answersThatAreCutOffAreNotComplete() throws Exception {
    try (HttpClient http = HttpClient.newHttpClient();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        Demo demo = demo()) {
      var whole =
          threads.submit(
              () -> demo.client.post("/v1/chat/completions", body(demo, "Whole?", false)));
      var request =
          demo.client
              .request("/v1/chat/completions")
              .POST(BodyPublishers.ofString(body(demo, "In pieces?", true)))
              .build();
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(
                  http.send(request, BodyHandlers.ofInputStream()).body(),
                  StandardCharsets.UTF_8))) {
        while (!lines.readLine().contains("\"content\":\"")) {}
        while (demo.server.engine().state().growing() < 2) {
          Thread.sleep(5);
        }
        demo.server.close(Duration.ZERO);
        assertThat(lines.lines().collect(Collectors.joining()))
            .contains("engine: was closed before the end")
            .doesNotContain("\"finish_reason\":\"stop\"", "[DONE]");
      }
      assertThat(whole.get().statusCode()).isEqualTo(503);
    }
  }
}
