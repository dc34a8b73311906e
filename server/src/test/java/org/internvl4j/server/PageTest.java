package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The files of the page as they are served, by a server that asks for a key.
class PageTest {
  private static VisionLanguageModel model;
  private static Server server;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    model =
        VisionLanguageModel.open(
            DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
    ServerOptions options = ServerOptions.DEFAULT.withPort(0).withApiKey("secret");
    server = Server.start(model, EngineOptions.DEFAULT, options);
    client = new Client(server);
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  static Stream<String> paths() {
    return Page.routes().stream().map(Route::path);
  }

  @ParameterizedTest
  @MethodSource("paths")
  void servesEachFileWithoutAKeyAndUnderTheStrictPolicy(String path) throws Exception {
    HttpResponse<String> response = client.get(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isNotEmpty();
    assertThat(header(response, "content-type")).isEqualTo(type(path));
    assertThat(header(response, "content-security-policy"))
        .isEqualTo(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
                + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                + " frame-ancestors 'none'");
    assertThat(header(response, "x-content-type-options")).isEqualTo("nosniff");
    assertThat(header(response, "cache-control")).isEqualTo("no-cache");
    assertThat(header(response, "etag")).matches("\"[0-9a-f]{32}\"");
  }

  private static String type(String path) {
    return switch (path.substring(path.lastIndexOf('.') + 1)) {
      case "css" -> "text/css; charset=utf-8";
      case "js", "mjs" -> "text/javascript; charset=utf-8";
      case "svg" -> "image/svg+xml";
      case "txt" -> "text/plain; charset=utf-8";
      default -> "text/html; charset=utf-8";
    };
  }

  private static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @ParameterizedTest
  @MethodSource("paths")
  void sendsNoBodyTwiceAndNoneForHead(String path) throws Exception {
    String tag = header(client.get(path), "etag");
    for (String known : List.of(tag, "\"other\", " + tag, "W/" + tag, "*")) {
      HttpResponse<String> unchanged = client.get(path, "If-None-Match", known);
      assertThat(unchanged.statusCode()).isEqualTo(304);
      assertThat(unchanged.body()).isEmpty();
      assertThat(header(unchanged, "etag")).isEqualTo(tag);
    }
    assertThat(client.get(path, "If-None-Match", "\"other\"").statusCode()).isEqualTo(200);
    HttpResponse<String> head =
        client.send(client.request(path).method("HEAD", HttpRequest.BodyPublishers.noBody()));
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(header(head, "etag")).isEqualTo(tag);
    assertThat(header(head, "content-length")).isNotEqualTo("0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/page/",
        "/page",
        "/page/missing.js",
        "/page/vendor/",
        "/page/../Page.class",
        "/page/%2e%2e/Page.class",
        "/page/..%2fPage.class",
        "/page/vendor/..%5c..%5cPage.class",
        "/page//etc/passwd",
        "/page/index.html%00.js",
        "/page/INDEX.HTML",
        "/index.html"
      })
  void findsNothingElse(String path) throws Exception {
    assertThat(client.get(path).statusCode()).isIn(400, 404);
  }

  @Test
  void isThereToBeReadOnly() throws Exception {
    assertThat(client.post("/", "{}").statusCode()).isEqualTo(405);
    assertThat(client.get("/v1/models").statusCode()).isEqualTo(401);
  }

  @Test
  void namesAllOfItsFilesAndNoOther() throws Exception {
    Path folder = Path.of(URI.create(Page.class.getResource("page").toString()));
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile).map(f -> name(folder, f)))
          .containsExactlyInAnyOrderElementsOf(Page.FILES);
    }
  }

  private static String name(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  @Test
  void bringsNoInlineScriptOrStyleAndNamesNoOtherHost() throws Exception {
    for (String file : Page.FILES) {
      String text = client.get("/page/" + file).body();
      if (file.endsWith(".html")) {
        assertThat(text).doesNotContain("<style", " style=", " onclick=", "<script>");
      }
      if (!file.startsWith("vendor/")) {
        assertThat(text.replace("http://www.w3.org/2000/svg", ""))
            .as(file)
            .doesNotContain("http://", "https://", "innerHTML", "eval(");
      }
    }
  }

  /// The libraries are those whose licences lie beside them, byte for byte.
  @Test
  void notesTheLibrariesThatItBrings() throws Exception {
    String notice = client.get("/page/vendor/THIRD-PARTY.txt").body();
    Pattern entry = Pattern.compile("package/\\S*?([^/\\s]+js)\\n\\S+\\nSHA-256 ([0-9a-f]{64})");
    List<MatchResult> entries = entry.matcher(notice).results().toList();
    assertThat(entries).hasSize(2);
    for (MatchResult found : entries) {
      byte[] bytes =
          client.get("/page/vendor/" + found.group(1)).body().getBytes(StandardCharsets.UTF_8);
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      assertThat(HexFormat.of().formatHex(hash)).isEqualTo(found.group(2));
    }
    assertThat(notice).contains("Permission is hereby granted", "Apache License");
  }
}
