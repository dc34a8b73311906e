package org.internvl4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.internvl4j.hub.TestServer.Reply;
import org.internvl4j.hub.TestServer.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who is told who asks, and where redirects may lead.
class TransportTest {
  @TempDir Path temp;
  private Path cache;
  private TestHub test;

  @BeforeEach
  void start() throws IOException {
    cache = temp.resolve("cache");
    test = TestHub.withModel();
  }

  @AfterEach
  void stop() throws IOException {
    test.close();
  }

  private Path pull(String... environment) throws IOException {
    return new Hub(test.settings(cache, environment))
        .pull(TestHub.MODEL, PullOptions.DEFAULT, PullListener.NONE);
  }

  @Test
  void theTokenGoesToTheHubAlone() throws IOException {
    pull("HF_TOKEN", "hf_secret");
    assertThat(test.hub.requests())
        .allSatisfy(r -> assertThat(r.header("Authorization")).isEqualTo("Bearer hf_secret"));
    assertThat(test.store.requests())
        .isNotEmpty()
        .allSatisfy(r -> assertThat(r.headers().toString()).doesNotContain("secret"));
  }

  @Test
  void theTokenDoesNotComeBackOverAnotherHost() throws IOException {
    test.fault(
        100,
        r -> r.path().contains("?sig="),
        reply -> Reply.of(302, "Location", test.hub.address() + "/collect"));
    assertThatThrownBy(() -> pull("HF_TOKEN", "hf_secret")).isInstanceOf(IOException.class);
    assertThat(test.hub.requests())
        .filteredOn(TestHub.to("/collect"))
        .isNotEmpty()
        .allSatisfy(r -> assertThat(r.header("Authorization")).isNull());
  }

  @Test
  void renamedModelsAreFollowedOnTheSameHost() throws IOException {
    test.fault(
        1,
        TestHub.to("/api/"),
        reply -> Reply.of(307, "Location", "/api/models/acme/Tiny-1B/revision/main?again"));
    pull("HF_TOKEN", "hf_secret");
    assertThat(test.hub.requests().get(1).header("Authorization")).isEqualTo("Bearer hf_secret");
  }

  @Test
  void redirectsHaveALimitAndAnAddress() {
    test.fault(100, TestHub.to("/api/"), reply -> Reply.of(302, "Location", "/api/again"));
    assertThatThrownBy(this::pull)
        .isInstanceOf(IOException.class)
        .hasMessage("127.0.0.1: more than 8 redirects");
    for (String location :
        List.of("file:///etc/passwd", "http://user@evil.example/", "ftp://x/y")) {
      test.heal();
      test.fault(100, TestHub.to("/api/"), reply -> Reply.of(302, "Location", location));
      assertThatThrownBy(this::pull)
          .hasMessage("127.0.0.1: leads to what is no address of the web");
    }
  }

  @Test
  void secureConnectionsStaySecure() throws IOException {
    URI hub = URI.create("https://hub.example/a/b");
    assertThat(Transport.next(hub, "/c?d=e|f")).hasToString("https://hub.example/c?d=e%7Cf");
    assertThat(Transport.next(hub, "https://store.example/c")).hasHost("store.example");
    for (String location : List.of("http://hub.example/c", "HTTP://store.example/c")) {
      assertThatThrownBy(() -> Transport.next(hub, location))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("hub.example: leads from https to http (")
          .hasMessageEndingWith("; not followed");
    }
  }

  @Test
  void asksThroughAProxyAndTellsItAloneWhoAsks() throws IOException {
    List<Request> heard;
    try (TestServer proxy = new TestServer(r -> Reply.of(502))) {
      HubSettings settings =
          TestHub.impatient(
              HubSettings.of(
                  Map.of(
                      "HF_ENDPOINT",
                      "http://hub.example",
                      "HF_HUB_CACHE",
                      cache.toString(),
                      "http_proxy",
                      "http://user:word@127.0.0.1:" + proxy.port()),
                  temp));
      assertThatThrownBy(
              () -> new Hub(settings).list(TestHub.MODEL, PullOptions.DEFAULT, PullListener.NONE))
          .hasMessage("hub.example answers 502; given up after 6 attempts");
      heard = proxy.requests();
    }
    assertThat(heard)
        .hasSize(6)
        .allSatisfy(r -> {
          assertThat(r.path()).startsWith("http://hub.example/api/models/acme/Tiny-1B/");
          assertThat(r.header("Proxy-Authorization")).isEqualTo("Basic dXNlcjp3b3Jk");
        });
  }
}
