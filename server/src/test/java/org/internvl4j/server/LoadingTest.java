package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.util.List;
import org.internvl4j.demo.DemoModel;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.models.VisionLanguageModel;
import org.internvl4j.serving.EngineOptions;
import org.junit.jupiter.api.Test;

/// What a server answers before it has its model, and what becomes of it.
class LoadingTest {
  private static final ServerOptions OPTIONS =
      ServerOptions.DEFAULT.withPort(0).withApiKey("open sesame");
  private static final String[] KEY = {"Authorization", "Bearer open sesame"};

  private static VisionLanguageModel load() {
    return VisionLanguageModel.open(
        DemoModel.checkpoint(), OpenOptions.DEFAULT.withDevice("cpu").withoutCache());
  }

  @Test
  void saysThatItIsLoadingAndThenAnswers() throws Exception {
    try (VisionLanguageModel model = load();
        Server server = Server.listen(OPTIONS)) {
      Client client = new Client(server);
      HttpResponse<String> health = client.get("/health");
      assertThat(health.statusCode()).isEqualTo(503);
      assertThat(health.body()).isEqualTo("{\"status\":\"loading\"}");
      assertThat(health.headers().firstValue("retry-after")).contains("5");
      assertThat(client.get("/health", "Origin", "https://evil.example").statusCode())
          .isEqualTo(403);
      for (String path : new String[] {"/v1/chat/completions", "/v1/embeddings", "/nothing"}) {
        assertLoading(client.post(path, "{}"));
        assertThat(Client.json(client.post(path, "{}").body()).at("error").getText("type"))
            .isEqualTo("server_error");
      }
      assertThat(Client.json(assertLoading(client.post("/api/chat", "{}")).body()).getText("error"))
          .isEqualTo("the model is being loaded; try again in a moment");
      for (String path : new String[] {"/", "/metrics", "/v1/models"}) {
        assertLoading(client.get(path));
      }
      assertThatThrownBy(server::engine)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("server: its model is still being loaded");
      server.serve(model, EngineOptions.DEFAULT);
      Json ready = Client.json(client.get("/health").body());
      assertThat(ready.getText("status")).isEqualTo("ready");
      assertThat(server.name()).isEqualTo(model.name());
      assertThat(client.get("/v1/models").statusCode()).isEqualTo(401);
      assertThat(client.get("/v1/models", KEY).statusCode()).isEqualTo(200);
      assertThat(client.get("/metrics", KEY).body())
          .contains("internvl_refusals_total{reason=\"busy\"} 10.0"); // each 503 above but health's
    }
  }

  private static HttpResponse<String> assertLoading(HttpResponse<String> response) {
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.headers().firstValue("retry-after")).contains("5");
    return response;
  }

  @Test
  void aModelThatItLoadsIsItsOwn() throws Exception {
    VisionLanguageModel[] loaded = new VisionLanguageModel[1];
    try (Server server =
        Server.start(() -> loaded[0] = load(), EngineOptions.DEFAULT, OPTIONS.withApiKey(null))) {
      assertThat(new Client(server).get("/v1/models").statusCode()).isEqualTo(200);
      assertThat(loaded[0].ask("Hi").text()).isNotNull();
    }
    assertThatThrownBy(() -> loaded[0].ask("Hi")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aPortOfAnotherProgramIsToldAsSuch() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> Server.listen(OPTIONS.withPort(port)))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "server: cannot listen on 127.0.0.1:%d, where another program does; choose another port",
              port);
    }
  }

  @Test
  void aModelThatDoesNotLoadEndsIt() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    IOException broken = new IOException("model.safetensors: there is no such file");
    assertThatThrownBy(() ->
            Server.start(
                () -> {
                  throw broken;
                },
                EngineOptions.DEFAULT,
                OPTIONS.withPort(port)))
        .isSameAs(broken);
    new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close(); // free again
  }

  @Test
  void aHostThatIsNotThereIsTold() {
    ServerOptions nowhere = ServerOptions.DEFAULT.withHost("nosuch.invalid").withPort(1234);
    assertThatThrownBy(() -> Server.listen(nowhere))
        .isInstanceOf(IOException.class)
        .hasMessage("server: cannot listen on nosuch.invalid:1234: there is no host of this name");
  }

  @Test
  void namesAreNames() {
    assertThatThrownBy(() -> ServerOptions.DEFAULT.withName("a\nb"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("server: name has a line break or another control character");
    assertThatThrownBy(() -> ServerOptions.DEFAULT.withHosts(List.of("a b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("server: host name is 'a b', expected one name without blanks");
  }
}
