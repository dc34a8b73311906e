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
import org.junit.jupiter.params.provider.ValueSource;

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
    for (String text : List.of("license", "modelfile", "parameters", "template", "modified_at")) {
      assertThat(shown.getText(text)).isNotNull();
    }
    assertThat(shown.at("details").getText("quantization_level")).isEqualTo("BF16");
    assertThat(shown.at("details").getText("parent_model")).isEmpty();
    assertThat(shown.at("model_info").getLong("general.parameter_count", 0))
        .isEqualTo(demo.model.parameters());
    assertThat(Client.json(client.get("/api/version").body()).getText("version"))
        .matches("\\d+\\.\\d+\\.\\d+.*")
        .isNotEqualTo("0.0.0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /api/generate | {"model": "demo"}                                        | load
          /api/generate | {"model": "demo", "prompt": "", "stream": false}         | load
          /api/generate | {"prompt": null, "images": [], "keep_alive": "5m"}       | load
          /api/generate | {"model": "demo", "keep_alive": 0}                       | unload
          /api/generate | {"model": "demo", "keep_alive": "0s"}                    | unload
          /api/generate | {"model": "demo", "keep_alive": -1}                      | load
          /api/chat     | {"model": "demo"}                                        | load
          /api/chat     | {"model": "demo", "messages": [], "keep_alive": 300}     | load
          /api/chat     | {"model": "demo", "messages": [], "keep_alive": 0.0}     | unload
          /api/chat     | {"keep_alive": "0"}                                      | unload
          /api/chat     | {"keep_alive": "-0h0m0.0s"}                              | unload
          /api/chat     | {"keep_alive": "-1"}                                     | load
          /api/chat     | {"keep_alive": "1h30m"}                                  | load
          /api/chat     | {"keep_alive": "1.5h.5m10µs0s"}                          | load
          /api/chat     | {"keep_alive": null}                                     | load
          """)
  void loadsAndUnloadsNothing(String path, String body, String reason) throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    Json json = Client.json(response.body());
    assertThat(json.getText("model")).isEqualTo("demo");
    assertThat(json.getText("created_at")).isNotEmpty();
    assertThat(
            path.equals("/api/chat")
                ? json.at("message").getText("content")
                : json.getText("response"))
        .isEmpty();
    assertThat(json.getBoolean("done", false)).isTrue();
    assertThat(json.getText("done_reason")).isEqualTo(reason);
    assertThat(Client.json(client.get("/health").body()).getText("status")).isEqualTo("ready");
  }

  /// How many tokens an answer may have that nothing else ends; `-1` and `-2` are all there may be.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "3000000000",
        "2147483648",
        "-1",
        "-2",
        "0",
        "1e30",
        "-4294967295",
        "4294967298",
        "2.0"
      })
  void anAnswersLengthNeverOverflows(String tokens) throws Exception {
    String body =
        """
        {"prompt": "What is it?", "images": ["%s"], "stream": false, "options": {"num_predict": %s}}\
        """
            .formatted(demo.base64, tokens);
    Json json = Client.json(client.post("/api/generate", body).body());
    if (tokens.equals("2.0")) {
      assertThat(json.getText("done_reason")).isEqualTo("length");
      assertThat(json.getInt("eval_count")).isEqualTo(2);
    } else {
      assertThat(json.getText("response")).isEqualTo(expected.text());
      assertThat(json.getText("done_reason")).isEqualTo("stop");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"options\": {\"num_predict\": 40, \"temperature\": 9.5, \"seed\": 3.0}",
        "\"options\": {\"num_predict\": 40, \"top_k\": -1, \"temperature\": 1}",
        "\"options\": {\"num_predict\": 40, \"top_k\": 0.0, \"temperature\": 1}",
        "\"options\": null, \"tools\": [], \"think\": false",
        "\"keep_alive\": \"1h30m\"",
        "\"keep_alive\": -1",
        "\"format\": \"\"",
        "\"format\": null",
        "\"format\": \"json\", \"options\": {\"num_predict\": 40}",
        "\"format\": {}, \"options\": {\"num_predict\": 40}",
        "\"format\": {\"type\": \"boolean\"}",
      })
  void takesWhatOllamaTakes(String fields) throws Exception {
    String body =
        """
        {"messages": [{"role": "user", "content": "What is it?"}], "stream": false, %s}\
        """
            .formatted(fields);
    HttpResponse<String> response = client.post("/api/chat", body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    Json answer = Client.json(response.body());
    if (fields.contains("format\": {") && answer.getText("done_reason").equals("stop")) {
      Json json = Client.json(answer.at("message").getText("content"));
      assertThat(json instanceof Json.Bool).isEqualTo(fields.contains("boolean"));
    }
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
          /api/generate | {"prompt": "a", "options": {"temperature": -1}} | 400 | request: options.temperature is -1, expected 0
          /api/generate | {"prompt": "a", "options": {"num_predict": 1.5}} | 400 | request: options.num_predict is 1.5, expected an integer
          /api/generate | {"prompt": "a", "raw": true}           | 400 | request: raw is true, expected none
          /api/generate | {"prompt": "a", "context": [1]}        | 400 | request: context is a list of 1, expected none
          /api/generate | {"model": "x"}                         | 404 | model "x" is not served here
          /api/generate | {"keep_alive": []}                     | 400 | request: keep_alive is a list of 0, expected seconds
          /api/generate | {"keep_alive": "zzz"}                  | 400 | request: keep_alive is "zzz", expected seconds, or a time such as 5m, 1h30m or -1
          /api/generate | {"keep_alive": ""}                     | 400 | request: keep_alive is "", expected seconds
          /api/generate | {"keep_alive": "5 m"}                  | 400 | request: keep_alive is "5 m", expected seconds
          /api/generate | {"prompt": "a", "keep_alive": "5d"}    | 400 | request: keep_alive is "5d", expected seconds
          /api/chat     | {"messages": [{"role": "user", "content": "a"}], "keep_alive": true} | 400 | request: keep_alive is true, expected seconds
          /api/embed    | {"input": "a", "keep_alive": "1.5"}    | 400 | request: keep_alive is "1.5", expected seconds
          /api/chat     | {"messages": [{"role": "user", "content": "a"}], "tools": [{}]} | 400 | request: tools is a list of 1, expected none: this server calls no tools
          /api/chat     | {"format": "xml", "messages": [{"role": "user", "content": "a"}]} | 400 | request: format is "xml", expected json or a schema
          /api/chat     | {"format": {"properties": {"a": {"pattern": "("}}}, "messages": [{"role": "user", "content": "a"}]} | 400 | schema: format.properties.a.pattern is a pattern that cannot be used
          /api/chat     | {"format": {"type": "a"}, "messages": [{"role": "user", "content": "a"}]} | 400 | request: format.type is "a", expected object, array
          /api/chat     | {"format": false, "messages": [{"role": "user", "content": "a"}]} | 400 | format: schema: no value that is allowed can match it
          /api/embed    | {"input": []}                         | 400 | request: input is a list of 0, expected 1 to 256 inputs
          /api/nothing  | {}                                    | 404 | there is nothing at this path
          """)
  void saysWhatIsWrongInOllamasForm(String path, String body, int status, String message)
      throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(Client.json(response.body()).getText("error")).contains(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /v1/completions | {"prompt": "a", "echo": true}           | echo       | request: echo is true, expected none
          /v1/completions | {"prompt": "a", "suffix": "b"}          | suffix     | request: suffix is "b", expected none
          /v1/completions | {"prompt": "a", "best_of": 3, "n": 2}   | best_of    | request: best_of is 3, expected 2, as many as n
          /v1/completions | {"prompt": "a", "logprobs": 3}          | logprobs   | request: logprobs is 3, expected none here
          /v1/completions | {"prompt": ["a", "b"]}                  | prompt     | request: prompt is a list of 2, expected one text
          /v1/embeddings  | {"input": "a", "dimensions": 3}         | dimensions | request: dimensions is 3, expected
          /v1/embeddings  | {"input": [{"image": "!"}]}             | input[0].image | base64
          """)
  void saysWhatIsWrongInOpenAisForm(String path, String body, String param, String message)
      throws Exception {
    HttpResponse<String> response = client.post(path, body);
    assertThat(response.statusCode()).isEqualTo(400);
    Json error = Client.json(response.body()).at("error");
    assertThat(error.getText("message")).contains(message);
    assertThat(error.findText("param")).isEqualTo(param);
  }

  /// Which of several pictures it is, in the only sentence that there is.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /api/chat     | {"messages": [{"role": "user", "content": "a", "images": ["%1$s", "%1$s", "!"]}]} | messages[0].images[2]: the
          /api/chat     | {"messages": [{"role": "user", "content": "a", "images": ["%1$s", "bm9uZQ=="]}]}  | messages[0].images[1]: picture
          /api/generate | {"prompt": "a", "images": ["%1$s", "file:///a.png"]}                              | images[1]: the
          /api/embed    | {"input": [{"image": "%1$s"}, {"image": "!"}]}                                    | input[1].image: the
          """)
  void saysWhichPictureIsWrongInOllamasForm(String path, String body, String beginning)
      throws Exception {
    HttpResponse<String> response = client.post(path, body.formatted(demo.base64));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(Client.json(response.body()).getText("error")).startsWith(beginning);
  }

  @Test
  void completesAPrompt() throws Exception {
    Answer answer =
        demo.model.ask(Question.of("Hello"), Generation.GREEDY.withMaxNewTokens(12), piece -> {});
    String body = "{\"model\": \"demo\", \"prompt\": \"Hello\", \"max_tokens\": 12%s}";
    Json whole = Client.json(client.post("/v1/completions", body.formatted("")).body());
    assertThat(whole.at("choices").items().getFirst().getText("text")).isEqualTo(answer.text());
    StringBuilder text = new StringBuilder();
    String more =
        ", \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"best_of\": 1,"
            + " \"echo\": false, \"suffix\": \"\"";
    String stream = client.post("/v1/completions", body.formatted(more)).body();
    List<Json> events = Client.events(stream);
    for (Json event : events.subList(0, events.size() - 1)) {
      text.append(event.at("choices").items().getFirst().getText("text"));
      assertThat(event.fields()).containsKey("usage");
      assertThat(event.has("usage")).isFalse();
    }
    assertThat(events.getLast().at("usage").getInt("completion_tokens"))
        .isEqualTo(answer.usage().newTokens());
    assertThat(text.toString()).isEqualTo(answer.text());
  }

  /// As Ollama does, unless told otherwise.
  @ParameterizedTest
  @ValueSource(strings = {"one word and another, ", "\uD83D\uDE00", "aaaa", "\u4F60\u597D"})
  void cutsTextsThatAreTooLongToBeEmbedded(String word) throws Exception {
    int context = demo.model.context();
    String longer = word.repeat(200 * context / word.length());
    String body = "{\"input\": \"" + longer + "\"%s}";
    HttpResponse<String> cut = client.post("/api/embed", body.formatted(""));
    assertThat(cut.statusCode()).as(cut.body()).isEqualTo(200);
    assertThat(Client.json(cut.body()).getInt("prompt_eval_count"))
        .isBetween(context - 32, context - 1);
    for (String refused : List.of(", \"truncate\": false", ", \"truncate\": 1")) {
      assertThat(client.post("/api/embed", body.formatted(refused)).statusCode()).isEqualTo(400);
    }
    assertThat(client.post("/v1/embeddings", body.formatted("")).body())
        .contains("context_length_exceeded");
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
    String base64 = ", \"encoding_format\": \"base64\", \"dimensions\": " + first.length;
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
