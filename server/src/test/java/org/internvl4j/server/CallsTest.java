package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.internvl4j.loader.json.Json;
import org.internvl4j.serving.EngineOptions;
import org.internvl4j.serving.EngineState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Requests within the process are answered as a server answers them.
class CallsTest {
  private static final String CHAT = "/v1/chat/completions";

  @TempDir private static Path media;

  private static Demo demo;
  private static Calls calls;

  @BeforeAll
  static void start() throws Exception {
    demo = new Demo();
    Files.write(media.resolve("a.png"), Base64.getDecoder().decode(demo.base64));
    calls =
        new Calls(
            demo.model,
            EngineOptions.DEFAULT,
            ServerOptions.DEFAULT.withName("demo").withMediaPath(media).withApiKey("secret"));
  }

  @AfterAll
  static void stop() {
    calls.close();
    demo.close();
  }

  private static Calls.Response post(String path, String body) throws InterruptedException {
    return calls.post(path, (Json.Obj) Client.json(body));
  }

  private static String content(Json answer) {
    return answer.at("choices").items().getFirst().at("message").getText("content");
  }

  @Test
  void chatsAreAnsweredAsByAServer() throws Exception {
    String body = demo.chat("What is it?", ", \"logprobs\": true, \"n\": 2");
    Calls.Response response = post(CHAT, body);
    assertThat(response.status()).isEqualTo(200);
    Json expected = Client.json(demo.client.post(CHAT, body).body());
    assertThat(response.body().fields().keySet()).isEqualTo(expected.fields().keySet());
    assertThat(response.body().at("choices")).hasToString(expected.at("choices").toString());
    assertThat(response.body().getText("model")).isEqualTo("demo");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          /v1/completions | {"prompt": "Hi", "max_tokens": 4}                        | 200 | text_completion
          /v1/embeddings  | {"input": ["a", "b"], "encoding_format": "base64"}       | 200 | embedding
          /v1/embeddings  | {"input": []}                                            | 400 | request: input is a list of 0, expected 1 to 256 inputs
          /v1/chat/completions | {"messages": []}                                    | 400 | expected messages of which the last one is the user's
          """)
  void everythingElseToo(String path, String body, int status, String part) throws Exception {
    Calls.Response response = post(path, body);
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.body().toString()).contains(part);
    var expected = demo.client.post(path, body);
    assertThat(expected.statusCode()).isEqualTo(status);
    if (!path.equals("/v1/completions")) { // whose answers have names
      assertThat(response.body()).hasToString(expected.body());
    }
  }

  @Test
  void theModelThatARequestNamesDoesNotMatter() throws Exception {
    String body = demo.chat("What is it?", "").replace("\"demo\"", "\"gpt-4o-mini\"");
    assertThat(content(post(CHAT, body).body()))
        .isEqualTo(content(post(CHAT, demo.chat("What is it?", "")).body()));
  }

  @Test
  void whatIsNoRouteOrAStreamIsRefused() throws Exception {
    for (String path :
        List.of("/v1/models", "/api/chat", "/", CHAT + " HTTP/1.1\r\nX: y\r\n\r\n")) {
      Calls.Response response = post(path, "{}");
      assertThat(response.status()).isEqualTo(404);
      assertThat(response.body().at("error").getText("code")).isEqualTo("not_found");
    }
    Calls.Response stream = post(CHAT, demo.chat("What is it?", ", \"stream\": true"));
    assertThat(stream.status()).isEqualTo(400);
    assertThat(stream.body().at("error").getText("param")).isEqualTo("stream");
    assertThat(stream.body().at("error").getText("message"))
        .contains("stream is true, expected false: nothing is streamed here");
    assertThat(post(CHAT, demo.chat("What is it?", ", \"stream\": false")).status()).isEqualTo(200);
  }

  @Test
  void picturesLieBelowAFolder() throws Exception {
    String data = demo.chat("What is it?", "");
    String file = data.replaceFirst("data:image/png;base64,[^\"]*", "file://" + media + "/a.png");
    assertThat(content(post(CHAT, file).body())).isEqualTo(content(post(CHAT, data).body()));
    assertThat(post(CHAT, file.replace("file://" + media + "/", "")).status()).isEqualTo(200);
    Calls.Response outside = post(CHAT, file.replace("a.png", "../b.png"));
    assertThat(outside.body().at("error").getText("code")).isEqualTo("picture_not_allowed");
  }

  /// There is no server to be started with other options.
  @Test
  void nothingIsFetched() throws Exception {
    String far =
        demo.chat("What is it?", "")
            .replaceFirst("data:image/png;base64,[^\"]*", "https://example.org/a.png");
    assertThat(post(CHAT, far).body().at("error").getText("message"))
        .endsWith(
            "example.org: nothing is fetched here; save the file and name its path, or send it as a"
                + " data: URI");
  }

  @Test
  void longRequestsComeWhole() throws Exception {
    String longest = "{\"prompt\": \"" + "é ".repeat(2 << 20) + "\"}";
    Calls.Response response = post("/v1/completions", longest);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.body().at("error").getText("code")).isEqualTo("context_length_exceeded");
    Limits most = Limits.DEFAULT;
    Limits less =
        new Limits(
            1 << 20,
            most.headerBytes(),
            most.pictures(),
            most.pixels(),
            most.newTokens(),
            most.answers(),
            most.time());
    try (Calls small =
        new Calls(demo.model, EngineOptions.DEFAULT, ServerOptions.DEFAULT.withLimits(less))) {
      assertThat(small.post("/v1/completions", (Json.Obj) Client.json(longest)).status())
          .isEqualTo(413);
      assertThat(small.post(CHAT, (Json.Obj) Client.json(demo.chat("What?", ""))).status())
          .isEqualTo(200);
    }
  }

  @Test
  void manyAreAnsweredAtOnce() throws Exception {
    List<String> bodies = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      bodies.add(demo.chat("How many shapes are in the image? " + "x".repeat(i % 5), ""));
    }
    List<String> alone = new ArrayList<>();
    for (String body : bodies.subList(0, 5)) {
      alone.add(content(post(CHAT, body).body()));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Calls.Response>> all =
          bodies.stream().map(body -> threads.submit(() -> post(CHAT, body))).toList();
      for (int i = 0; i < all.size(); i++) {
        assertThat(content(all.get(i).get().body())).isEqualTo(alone.get(i % 5));
      }
    }
  }

  @Test
  void whatNobodyWaitsForIsGivenUp() throws Exception {
    String body = demo.chat("What is it?", demo.endless()).replace("40", "16000");
    Thread waiting =
        Thread.ofVirtual()
            .start(() ->
                assertThatThrownBy(() -> post(CHAT, body))
                    .isInstanceOf(InterruptedException.class));
    while (busy() == 0) {
      Thread.sleep(2);
    }
    waiting.interrupt();
    waiting.join();
    while (busy() > 0) {
      Thread.sleep(2);
    }
  }

  private static int busy() {
    EngineState state = calls.engine().state();
    return state.reading() + state.growing();
  }
}
