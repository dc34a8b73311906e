package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Ollama's interface, completions and embeddings, against the demo model.
class InterfacesTest {
  private static Demo demo;
  private static Client client;
  private static Answer expected;

  @BeforeAll
  static void start() throws IOException {
    demo = new Demo();
    client = demo.client;
    expected =
        demo.model.ask(
            Question.of("What is it?", demo.picture),
            Generation.GREEDY.withMaxNewTokens(40),
            piece -> {});
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void chatsAsOllamaDoes() throws Exception {
    String body =
        """
        {"model": "demo:latest", "options": {"num_predict": 40}%s,
         "messages": [{"role": "user", "content": "What is it?", "images": ["%s"]}]}\
        """;
    Json whole =
        Client.json(
            client.post("/api/chat", body.formatted(", \"stream\": false", demo.base64)).body());
    assertThat(whole.at("message").getText("content")).isEqualTo(expected.text());
    assertThat(whole.getBoolean("done", false)).isTrue();
    assertThat(whole.getText("done_reason")).isEqualTo("stop");
    assertThat(whole.getInt("eval_count")).isEqualTo(expected.usage().newTokens());
    assertThat(whole.getInt("prompt_eval_count")).isEqualTo(expected.usage().promptTokens());
    assertThat(whole.getLong("total_duration", 0)).isPositive();
    assertThat(streamed("/api/chat", body.formatted("", demo.base64))).isEqualTo(expected.text());
  }

  @Test
  void generatesAsOllamaDoes() throws Exception {
    String body =
        """
        {"model": "demo", "prompt": "What is it?", "images": ["%s"], "options": {"num_predict": 40}%s}\
        """;
    Json whole =
        Client.json(
            client
                .post("/api/generate", body.formatted(demo.base64, ", \"stream\": false"))
                .body());
    assertThat(whole.getText("response")).isEqualTo(expected.text());
    assertThat(streamed("/api/generate", body.formatted(demo.base64, "")))
        .isEqualTo(expected.text());
  }

  private static String streamed(String path, String body) throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.headers().firstValue("content-type")).contains("application/x-ndjson");
    List<Json> lines = response.body().lines().map(Client::json).toList();
    StringBuilder text = new StringBuilder();
    for (Json line : lines) {
      text.append(
          line.has("message") ? line.at("message").getText("content") : line.getText("response"));
    }
    assertThat(lines.stream().filter(line -> line.getBoolean("done", false)))
        .containsExactly(lines.getLast());
    return text.toString();
  }

  @Test
  void tellsOllamasClientsAboutTheModel() throws Exception {
    for (String path : List.of("/api/tags", "/api/ps")) {
      Json model = Client.json(client.get(path).body()).at("models").items().getFirst();
      assertThat(model.getText("name")).isEqualTo("demo");
      assertThat(model.getText("digest")).hasSize(64);
      assertThat(model.getLong("size", 0)).isEqualTo(demo.model.weightBytes()).isPositive();
      assertThat(model.at("details").getText("family")).isEqualTo("internvl");
    }
    Json shown = Client.json(client.post("/api/show", "{\"model\": \"demo\"}").body());
    assertThat(shown.at("capabilities").items().stream().map(Json::asText))
        .contains("completion", "vision");
    assertThat(shown.at("model_info").getInt("internvl.context_length"))
        .isEqualTo(demo.model.context());
    assertThat(Client.json(client.get("/api/version").body()).getText("version")).isNotEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /api/chat     | {"messages": 1}                       | 400 | request: messages is 1, expected a list
          /api/chat     | {"model": "x", "messages": [{"role": "user", "content": "a"}]} | 404 | model "x" is not served here
          /api/generate | {"prompt": "a", "suffix": "b"}        | 400 | request: suffix is "b", expected none
          /api/generate | {"prompt": "a", "images": ["!"]}      | 400 | base64
          /api/generate | {"prompt": "a", "options": {"temperature": 9}} | 400 | request: options.temperature is 9, expected 0
          /api/chat     | {"format": "xml", "messages": [{"role": "user", "content": "a"}]} | 400 | request: format is "xml", expected json or a schema
          /api/chat     | {"format": {"not": {}}, "messages": [{"role": "user", "content": "a"}]} | 400 | not
          /api/embed    | {"input": []}                         | 400 | request: input is a list of 0, expected 1 to 256 inputs
          /api/nothing  | {}                                    | 404 | there is nothing at this path
          """)
  void saysWhatIsWrongInOllamasForm(String path, String body, int status, String message)
      throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(Client.json(response.body()).getText("error")).contains(message);
  }

  @Test
  void completesAPrompt() throws Exception {
    Answer answer =
        demo.model.ask(Question.of("Hello"), Generation.GREEDY.withMaxNewTokens(12), piece -> {});
    String body = "{\"model\": \"demo\", \"prompt\": \"Hello\", \"max_tokens\": 12%s}";
    Json whole = Client.json(client.post("/v1/completions", body.formatted("")).body());
    assertThat(whole.at("choices").items().getFirst().getText("text")).isEqualTo(answer.text());
    StringBuilder text = new StringBuilder();
    String stream = client.post("/v1/completions", body.formatted(", \"stream\": true")).body();
    for (Json event : Client.events(stream)) {
      text.append(event.at("choices").items().getFirst().getText("text"));
    }
    assertThat(text.toString()).isEqualTo(answer.text());
  }

  @Test
  void embedsTextsAndPictures() throws Exception {
    String body =
        """
        {"model": "demo"%s, "input": ["a red circle", "a red circle", {"image": "data:image/png;base64,%s"}]}\
        """;
    List<Json> floats =
        Client.json(client.post("/v1/embeddings", body.formatted("", demo.base64)).body())
            .at("data")
            .items();
    assertThat(floats).hasSize(3);
    double[] first =
        floats.get(0).at("embedding").items().stream().mapToDouble(Json::asDouble).toArray();
    double[] second =
        floats.get(1).at("embedding").items().stream().mapToDouble(Json::asDouble).toArray();
    double[] third =
        floats.get(2).at("embedding").items().stream().mapToDouble(Json::asDouble).toArray();
    assertThat(first).hasSize(demo.model.config().language().hiddenSize()).containsExactly(second);
    assertThat(third).isNotEqualTo(first);
    double square = 0;
    for (double x : first) {
      square += x * x;
    }
    assertThat(square).isCloseTo(1, within(first.length * (double) Math.ulp(1f)));
    String base64 = ", \"encoding_format\": \"base64\"";
    Json packed =
        Client.json(client.post("/v1/embeddings", body.formatted(base64, demo.base64)).body());
    ByteBuffer bytes =
        ByteBuffer.wrap(
                Base64.getDecoder()
                    .decode(packed.at("data").items().getFirst().getText("embedding")))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (double value : first) {
      assertThat(bytes.getFloat()).isEqualTo((float) value);
    }
    Json ollama =
        Client.json(
            client.post("/api/embed", "{\"model\": \"demo\", \"input\": \"a red circle\"}").body());
    assertThat(ollama.at("embeddings").items().getFirst().items()).hasSize(first.length);
  }
}
