package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.internvl4j.loader.json.Json;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.Test;

/// Many clients at once, of whom some leave and some talk nonsense: nobody gets anything but what
/// he would get alone. `-Pload` lets each ask 2,000 times.
class ManyClientsTest {
  private static final int CLIENTS = 32;
  private static final int REQUESTS = CLIENTS * Integer.getInteger("internvl4j.requests", 16);
  private static final int SAMPLES = 20; // of the memory, after as many requests each
  private static final int ENOUGH = 10_000; // requests, for a slope that means something
  private static final int KINDS = 12;

  @Test
  void everybodyGetsTheAnswerThatHeWouldGetAlone() throws Exception {
    try (Demo demo = new Demo(EngineOptions.DEFAULT.withQueue(64), options -> options);
        HttpClient http = HttpClient.newHttpClient();
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      Map<Integer, String> alone = new ConcurrentHashMap<>();
      for (int kind = 0; kind < KINDS; kind++) {
        alone.put(kind, text(demo.client.post("/v1/chat/completions", body(demo, kind, ""))));
      }
      AtomicInteger next = new AtomicInteger();
      AtomicInteger answered = new AtomicInteger();
      MemorySlope memory = new MemorySlope();
      List<Future<?>> all = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        all.add(
            clients.submit(() -> {
              for (int i = next.getAndIncrement(); i < REQUESTS; i = next.getAndIncrement()) {
                ask(demo, http, alone, new Random(i));
                int done = answered.incrementAndGet();
                if (done % (REQUESTS / SAMPLES) == 0) {
                  memory.sample(done);
                }
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      assertThat(answered).hasValue(REQUESTS);
      demo.server.engine().forget();
      assertThat(
              demo.server.engine().state().usedPages() + demo.server.engine().state().keptPages())
          .isZero();
      System.out.printf("%,d requests: %s%n", REQUESTS, memory);
      if (REQUESTS >= ENOUGH) {
        assertThat(memory.heap()).isLessThan(1024);
        assertThat(memory.resident()).isLessThan(4096);
      }
    }
  }

  private static void ask(Demo demo, HttpClient http, Map<Integer, String> alone, Random random)
      throws Exception {
    int kind = random.nextInt(KINDS);
    switch (random.nextInt(8)) {
      case 0 -> {
        HttpResponse<String> response =
            demo.client.post("/v1/chat/completions", "{\"messages\": " + random.nextInt());
        assertThat(response.statusCode()).isEqualTo(400);
      }
      case 1 -> {
        HttpRequest request =
            demo.client
                .request("/v1/chat/completions")
                .POST(HttpRequest.BodyPublishers.ofString(body(demo, kind, ", \"stream\": true")))
                .build();
        try (InputStream in =
            http.send(request, HttpResponse.BodyHandlers.ofInputStream()).body()) {
          in.readNBytes(random.nextInt(400));
        }
      }
      case 2, 3, 4 -> {
        String stream =
            retried(() ->
                    demo.client.post(
                        "/v1/chat/completions", body(demo, kind, ", \"stream\": true")))
                .body();
        StringBuilder text = new StringBuilder();
        for (Json event : Client.events(stream)) {
          text.append(event.at("choices").items().getFirst().at("delta").getText("content", ""));
        }
        assertThat(text.toString()).isEqualTo(alone.get(kind));
      }
      default ->
          assertThat(
                  text(
                      retried(
                          () -> demo.client.post("/v1/chat/completions", body(demo, kind, "")))))
              .isEqualTo(alone.get(kind));
    }
  }

  /// Asks again when told to.
  private static HttpResponse<String> retried(Callable<HttpResponse<String>> ask) throws Exception {
    HttpResponse<String> response = ask.call();
    while (response.statusCode() == 429) {
      assertThat(response.headers().firstValue("retry-after")).isPresent();
      Thread.sleep(20);
      response = ask.call();
    }
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return response;
  }

  private static String text(HttpResponse<String> response) {
    Json choice = Client.json(response.body()).at("choices").items().getFirst();
    return choice.at("message").getText("content");
  }

  private static String body(Demo demo, int kind, String more) {
    String options = ", \"seed\": " + kind + ", \"temperature\": " + (kind % 3) + more;
    return kind % 2 == 0
        ? demo.chat("What is it? " + kind, options)
        : "{\"max_tokens\": 30, \"messages\": [{\"role\": \"user\", \"content\": \"Hello %d\"}]%s}"
            .formatted(kind, options);
  }
}
