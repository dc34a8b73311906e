package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.internvl4j.media.Pictures;
import org.internvl4j.models.image.Picture;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What must not get in, what must not stay, and what must not bring it down.
class SafetyTest {
  private static final String KEY = "open sesame";

  private static Demo demo;

  @BeforeAll
  static void start() throws IOException {
    demo =
        new Demo(
            EngineOptions.DEFAULT,
            options ->
                options
                    .withApiKey(KEY)
                    .withHosts(List.of("gpu1.example"))
                    .withOrigins(List.of("https://page.example"))
                    .withLimits(
                        new Limits(1 << 20, 8 << 10, 2, 1_000_000, 64, 2, Duration.ofMinutes(5))));
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void everyRouteButTheOpenOnesWantsTheKey() throws Exception {
    List<String> open = new ArrayList<>();
    for (Route route : demo.server.routes()) {
      for (String key :
          new String[] {null, "Bearer wrong", "Bearer " + KEY + "!", "Bearer", "Basic " + KEY}) {
        String[] headers = key == null ? new String[0] : new String[] {"Authorization", key};
        HttpResponse<String> response =
            route.method().equals("GET")
                ? demo.client.get(route.path(), headers)
                : demo.client.post(route.path(), "{}", headers);
        if (route.isOpen()) {
          assertThat(response.statusCode()).as(route.path()).isEqualTo(200);
          open.add(route.path());
        } else {
          assertThat(response.statusCode()).as(route.path()).isEqualTo(401);
          assertThat(response.headers().firstValue("www-authenticate")).contains("Bearer");
        }
      }
    }
    assertThat(open).contains("/health").allMatch(p -> p.matches("/health|/|/page/.*"));
    assertThat(demo.client.get("/v1/models", "Authorization", "Bearer " + KEY).statusCode())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host: evil.example",
        "Host: evil.example:80",
        "Host: 127.0.0.1.evil.example",
        "Host: localhost.evil.example",
        "Host: 0.0.0.0",
        "Host: [::]",
        "Host: 127.0.0.1\r\nOrigin: https://evil.example",
        "Host: 127.0.0.1\r\nOrigin: null",
        "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1:1",
        "Host: 127.0.0.1\r\nOrigin: https://page.example.evil",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe",
      })
  void pagesOfOthersAreKeptAway(String headers) throws IOException {
    assertThat(raw("GET /health HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 403");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host: 127.0.0.1",
        "Host: localhost:9",
        "Host: LOCALHOST",
        "Host: [::1]:11435",
        "Host: gpu1.example",
        "Host: gpu1.example\r\nOrigin: https://page.example",
        "Host: gpu1.example:8080\r\nOrigin: http://gpu1.example:8080",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: same-origin",
        "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document",
      })
  void ownPagesAndProgramsGetIn(String headers) throws IOException {
    assertThat(raw("GET /health HTTP/1.1\r\n" + headers + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200");
  }

  /// Clients write the bytes of a key that is not ASCII as they like; a header tells them apart.
  @Test
  void aKeyIsBytesAndItsSchemeHasNoCase() {
    byte[] key = "\u949f".getBytes(StandardCharsets.UTF_8);
    String sent = new String(key, StandardCharsets.ISO_8859_1);
    assertThat(Router.isBearer("Bearer " + sent, key)).isTrue();
    assertThat(Router.isBearer("bearer " + sent, key)).isTrue();
    assertThat(Router.isBearer("Bearer \u949f", key)).isFalse();
    assertThat(Router.isBearer(sent, key)).isFalse();
  }

  /// A page of another origin that the operator has named can send its key, and read what comes.
  @Test
  void browsersHearWhichPagesMayUseIt() throws IOException {
    String ask =
        String.join(
            "\r\n",
            "OPTIONS /v1/chat/completions HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: authorization",
            "");
    assertThat(raw(ask + "Origin: https://page.example\r\n\r\n"))
        .startsWith("HTTP/1.1 204")
        .contains("Access-Control-Allow-Origin: https://page.example\r\n")
        .contains("Access-Control-Allow-Headers: authorization\r\n")
        .contains("Access-Control-Allow-Methods: GET, POST\r\n");
    assertThat(raw(ask + "Origin: https://evil.example\r\n\r\n"))
        .startsWith("HTTP/1.1 403")
        .doesNotContain("Access-Control-Allow");
    assertThat(raw(ask + "\r\n")).startsWith("HTTP/1.1 405").doesNotContain("Access-Control-Allow");
    String get = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    assertThat(raw(get + "Origin: https://page.example\r\n\r\n"))
        .startsWith("HTTP/1.1 401") // which the page may read, too
        .contains("Access-Control-Allow-Origin: https://page.example\r\n", "Vary: Origin\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"garbage", "null", "*", "example.org", "https://a/", "https://u@a", "https://a?b"})
  void anOriginThatNoBrowserSendsIsRefused(String origin) {
    assertThatThrownBy(() -> ServerOptions.DEFAULT.withOrigins(List.of(origin)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("--origin is " + origin + ", expected one like");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nAuthorization: bearer open sesame\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "\u0000\u0001\u0002\u0003\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health\u0000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: local host\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\n bad: fold\r\nX y: z\r\n\r\n",
      })
  void whatIsNoHttpIsRefused(String request) throws IOException {
    String response = raw(request);
    assertThat(response).matches(r -> r.isEmpty() || r.matches("(?s)HTTP/1.1 (4|5)\\d\\d.*"));
    assertThat(response).doesNotContain("jetty", "Exception", "at org.", "root:");
    assertHealthy();
  }

  /// Headers first, the body never: who is refused at once is told that the connection ends.
  @Test
  void aRefusalThatLeavesABodyUnreadSaysThatTheConnectionEnds() throws IOException {
    String head = "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
    assertThat(raw(head)).startsWith("HTTP/1.1 401").containsIgnoringCase("connection: close");
  }

  @Test
  void hugeHeadersAndBodiesAreRefused() throws Exception {
    String big = "x".repeat(64 << 10);
    assertThat(raw("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + big + "\r\n\r\n"))
        .startsWith("HTTP/1.1 431");
    assertThat(raw("GET /" + big + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .matches(r -> r.startsWith("HTTP/1.1 414") || r.startsWith("HTTP/1.1 431"));
    HttpResponse<String> response =
        demo.client.post("/tokenize", "x".repeat(2 << 20), "Authorization", "Bearer " + KEY);
    assertThat(response.statusCode()).isEqualTo(413);
    HttpResponse<String> deep =
        demo.client.post("/tokenize", "[".repeat(1 << 19), "Authorization", "Bearer " + KEY);
    assertThat(deep.statusCode()).isEqualTo(400);
    assertHealthy();
  }

  @Test
  void slowClientsHoldNobodyUp() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        Socket socket = connect();
        slow.add(socket);
        socket
            .getOutputStream()
            .write("POST /tokenize HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
      }
      for (int i = 0; i < 50; i++) {
        Socket socket = connect();
        slow.add(socket);
        String head =
            "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                + KEY
                + "\r\nContent-Length: 1000\r\n\r\n{";
        socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      }
      assertHealthy();
      assertThat(chat("What is it?", "").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
    assertHealthy();
  }

  @Test
  void limitsAreKept() throws Exception {
    assertThat(chat("a", ", \"n\": 3").body()).contains("n is 3, expected 1 to 2");
    String tokens = demo.chat("a", "").replace("\"max_tokens\": 40", "\"max_tokens\": 65");
    assertThat(post(tokens).body()).contains("max_tokens is 65, expected 1 to 64");
    String picture =
        "{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,"
            + demo.base64
            + "\"}}";
    String three =
        "{\"messages\": [{\"role\": \"user\", \"content\": ["
            + String.join(",", picture, picture, picture)
            + "]}]}";
    assertThat(post(three).body()).contains("more than 2 pictures");
    String images = "\"%s\", \"%s\", \"%s\"".formatted(demo.base64, demo.base64, demo.base64);
    for (String path : List.of("/api/generate", "/api/embed", "/v1/embeddings")) {
      String body =
          path.equals("/api/generate")
              ? "{\"prompt\": \"a\", \"images\": [" + images + "]}"
              : "{\"input\": [" + images.replaceAll("\"[^\"]+\"", "{\"image\": $0}") + "]}";
      assertThat(demo.client.post(path, body, "Authorization", "Bearer " + KEY).body())
          .as(path)
          .contains("more than 2 pictures");
    }
    String large =
        picture.replace(
            demo.base64,
            Base64.getEncoder()
                .encodeToString(Pictures.png(Picture.ofRgb(800, 800, new byte[3 * 800 * 800]))));
    assertThat(post(three.replace(String.join(",", picture, picture, picture), large)).statusCode())
        .isEqualTo(200);
    assertThat(
            post(three.replace(String.join(",", picture, picture, picture), large + "," + large))
                .body())
        .contains("more than 1000000 pixels together");
  }

  /// Ollama's clients ask for `-1` where they want all there may be; no number goes past the limit.
  @ParameterizedTest
  @ValueSource(strings = {"null", "-1", "-2", "0", "65", "2147483648", "3000000000", "4294967297"})
  void ollamasAnswersKeepTheLimit(String tokens) throws Exception {
    String body =
        """
        {"prompt": "a", "stream": false, "options": {"num_predict": %s},
         "format": {"type": "string", "minLength": 2000}}\
        """
            .formatted(tokens);
    HttpResponse<String> response =
        demo.client.post("/api/generate", body, "Authorization", "Bearer " + KEY);
    assertThat(Client.json(response.body()).getInt("eval_count")).isEqualTo(64);
  }

  /// Whoever watches the server sees that it turns somebody away, and why.
  @Test
  void refusalsAreCounted() throws Exception {
    String key = "Authorization";
    List<Refusal> refusals =
        List.of(
            new Refusal("invalid_request", () -> chat("a", ", \"n\": 3").statusCode()),
            new Refusal("invalid_api_key", () -> demo.client.get("/v1/models").statusCode()),
            new Refusal("not_found", () -> demo.client.get("/nothing").statusCode()),
            new Refusal("method_not_allowed", () -> demo.client.post("/health", "").statusCode()),
            new Refusal(
                "too_large",
                () ->
                    demo.client
                        .post("/tokenize", "x".repeat(2 << 20), key, "Bearer " + KEY)
                        .statusCode()),
            new Refusal(
                "origin_not_allowed",
                () -> demo.client.get("/health", "Origin", "https://evil.example").statusCode()),
            new Refusal("malformed", () -> Integer.parseInt(raw("GET\r\n\r\n").substring(9, 12))));
    for (Refusal refusal : refusals) {
      double before = refused(refusal.reason());
      assertThat(refusal.ask().call()).as(refusal.reason()).isBetween(400, 499);
      assertThat(refused(refusal.reason())).as(refusal.reason()).isEqualTo(before + 1);
    }
  }

  private record Refusal(String reason, Callable<Integer> ask) {}

  private static double refused(String reason) throws Exception {
    String metrics = demo.client.get("/metrics", "Authorization", "Bearer " + KEY).body();
    Matcher told =
        Pattern.compile("(?m)^internvl_refusals_total\\{reason=\"" + reason + "\"} (.*)$")
            .matcher(metrics);
    return told.find() ? Double.parseDouble(told.group(1)) : 0;
  }

  private static HttpResponse<String> chat(String question, String more) throws Exception {
    return post(demo.chat(question, more));
  }

  private static HttpResponse<String> post(String body) throws Exception {
    return demo.client.post("/v1/chat/completions", body, "Authorization", "Bearer " + KEY);
  }

  private static void assertHealthy() throws IOException {
    assertThat(raw("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200")
        .contains("\"ready\"");
  }

  private static Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), demo.server.port()));
    return socket;
  }

  /// What comes back for these bytes before the connection ends.
  private static String raw(String request) throws IOException {
    try (Socket socket = connect()) {
      try {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        socket.shutdownOutput();
      } catch (IOException e) {
        // It has heard enough; what it said is there.
      }
      StringBuilder response = new StringBuilder();
      try (InputStream in = socket.getInputStream()) {
        response.append(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        response.append("");
      }
      return response.toString();
    }
  }
}
