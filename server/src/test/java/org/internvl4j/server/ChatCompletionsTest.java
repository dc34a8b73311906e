package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.Answer;
import org.internvl4j.models.Generation;
import org.internvl4j.models.Question;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// OpenAI's chat interface, against the demo model.
class ChatCompletionsTest {
  private static final Generation OPTIONS = Generation.GREEDY.withMaxNewTokens(40);

  private static Demo demo;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    demo = new Demo();
    client = demo.client;
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @Test
  void answersAboutAPictureAsTheModelDoes() throws Exception {
    Answer expected =
        demo.model.ask(Question.of("What is it?", demo.picture), OPTIONS, piece -> {});
    HttpResponse<String> response = client.post("/v1/chat/completions", body(""));
    assertThat(response.statusCode()).isEqualTo(200);
    Json json = Client.json(response.body());
    assertThat(json.getText("object")).isEqualTo("chat.completion");
    assertThat(json.getText("model")).isEqualTo("demo");
    Json choice = json.at("choices").items().getFirst();
    assertThat(choice.at("message").getText("content")).isEqualTo(expected.text());
    assertThat(choice.getText("finish_reason")).isEqualTo("stop");
    assertThat(json.at("usage").getInt("prompt_tokens")).isEqualTo(expected.usage().promptTokens());
    assertThat(json.at("usage").getInt("completion_tokens"))
        .isEqualTo(expected.usage().newTokens());
  }

  @Test
  void streamsTheSameAnswerInChunks() throws Exception {
    String more = ", \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"n\": 2";
    HttpResponse<String> response = client.post("/v1/chat/completions", body(more));
    assertThat(response.headers().firstValue("content-type"))
        .contains("text/event-stream; charset=utf-8");
    assertThat(response.body()).endsWith("data: [DONE]\n\n").contains(": tile 1/");
    List<Json> events = Client.events(response.body());
    assertThat(events.subList(0, events.size() - 1))
        .allMatch(event -> event.fields().containsKey("usage") && !event.has("usage"));
    Answer expected =
        demo.model.ask(Question.of("What is it?", demo.picture), OPTIONS, piece -> {});
    for (int index = 0; index < 2; index++) {
      StringBuilder text = new StringBuilder();
      String reason = null;
      for (Json event : events) {
        assertThat(event.getText("object")).isEqualTo("chat.completion.chunk");
        for (Json choice : event.at("choices").items()) {
          if (choice.getInt("index") == index) {
            assertThat(reason).isNull();
            text.append(choice.at("delta").getText("content", ""));
            reason = choice.findText("finish_reason");
          }
        }
      }
      assertThat(text.toString()).isEqualTo(expected.text());
      assertThat(reason).isEqualTo("stop");
    }
    assertThat(events.getLast().at("usage").getInt("completion_tokens"))
        .isEqualTo(2 * expected.usage().newTokens());
  }

  @Test
  void tellsLogProbabilities() throws Exception {
    Json json =
        Client.json(
            client
                .post("/v1/chat/completions", body(", \"logprobs\": true, \"top_logprobs\": 3"))
                .body());
    List<Json> content = json.at("choices").items().getFirst().at("logprobs").at("content").items();
    assertThat(content).hasSize(json.at("usage").getInt("completion_tokens"));
    for (Json token : content) {
      assertThat(token.getDouble("logprob")).isLessThanOrEqualTo(0);
      assertThat(token.at("top_logprobs").items()).hasSize(3);
      assertThat(token.at("top_logprobs").items().getFirst().getText("token"))
          .isEqualTo(token.getText("token"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                     | 400 | request: messages is missing
          [                                                      | 400 | request: line 1
          {"messages": "hi"}                                     | 400 | request: messages is "hi", expected a list
          {"messages": []}                                       | 400 | expected messages of which the last one is the user's
          {"messages": [{"role": "user"}]}                       | 400 | request: messages[0].content is missing
          {"messages": [{"role": "tool", "content": ""}]}        | 400 | request: messages[0].role is "tool", expected system, user or assistant
          {"messages": [{"role": "user", "content": [{"type": "audio"}]}]} | 400 | request: messages[0].content[0].type is "audio", expected text, image_url, video_url or file
          {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}}]}]} | 400 | base64
          {"messages": [{"role": "user", "content": "a"}], "temperature": 3}  | 400 | request: temperature is 3, expected 0.0 to 2.0
          {"messages": [{"role": "user", "content": "a"}], "temperature": "x"} | 400 | request: temperature is "x", expected a number
          {"messages": [{"role": "user", "content": "a"}], "n": 0}   | 400 | request: n is 0, expected 1 to 8
          {"messages": [{"role": "user", "content": "a"}], "stop": [""]} | 400 | none of them empty
          {"messages": [{"role": "user", "content": "a"}], "logit_bias": {"x": 1}} | 400 | expected token ids as names
          {"messages": [{"role": "user", "content": "a"}], "tools": [{}]} | 400 | this server calls no tools
          {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "yaml"}} | 400 | request: response_format.type is "yaml", expected text, json_object or json_schema
          {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"schema": {"not": {}}}}} | 400 | not
          {"messages": [{"role": "user", "content": "a"}], "max_tokens": 0} | 400 | request: max_tokens is 0
          {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1.5} | 400 | request: max_tokens is 1.5, expected an integer
          {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1e99} | 400 | request: max_tokens is 1e99, expected 1 to 16384
          {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1e99999999999} | 400 | request: max_tokens is 1e99999999999, expected an integer
          {"messages": [{"role": "user", "content": "a"}], "top_logprobs": 2} | 400 | request: top_logprobs is 2, expected none without logprobs: true
          {"messages": [{"role": "user", "content": "a"}], "tool_choice": "required"} | 400 | request: tool_choice is "required", expected none or auto: this server calls no tools
          {"messages": [{"role": "user", "content": "a"}], "tool_choice": {"type": "function"}} | 400 | request: tool_choice is an object, expected none or auto
          {"messages": [{"role": "user", "content": "a"}], "functions": [{}]} | 400 | request: functions is a list of 1, expected none: this server calls no tools
          {"messages": [{"role": "user", "content": "a"}], "modalities": ["text", "audio"]} | 400 | request: modalities is a list of 2, expected text alone
          {"messages": [{"role": "user", "content": "a"}], "audio": {"voice": "ash"}} | 400 | request: audio is an object, expected none: answers are texts
          {"messages": [{"role": "user", "content": "a"}], "prediction": {"type": "content"}} | 400 | request: prediction is an object, expected none
          {"messages": [{"role": "user", "content": "a"}], "web_search_options": {}} | 400 | request: web_search_options is an object, expected none
          {"messages": [{"role": "user", "content": "a"}], "model": "gpt-4"} | 404 | model "gpt-4" is not served here, expected demo
          """)
  void saysWhatIsWrong(String body, int status, String message) throws Exception {
    HttpResponse<String> response = client.post("/v1/chat/completions", body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(Client.json(response.body()).at("error").getText("message")).contains(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {}                                                     | messages
          []                                                     |
          {"messages": [{"role": "user"}]}                       | messages[0].content
          {"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,!"}}]}]} | messages[1].content[1].image_url
          {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "http://127.0.0.1/a.png"}]}]} | messages[0].content[0].image_url
          {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 1}}]}]} | messages[0].content[0].image_url.url
          {"messages": [{"role": "user", "content": "a"}], "top_p": 2}             | top_p
          {"messages": [{"role": "user", "content": "a"}], "logit_bias": {"99999999": 1}} | logit_bias.99999999
          {"messages": [{"role": "user", "content": "a"}], "logit_bias": {"4294967295": 1}} | logit_bias.4294967295
          {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"schema": {"properties": {"a": {"pattern": "("}}}}}} | response_format.json_schema.schema.properties.a.pattern
          {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "a"}}}} | response_format.json_schema.schema.type
          {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"schema": false}}} | response_format.json_schema.schema
          {"messages": [{"role": "user", "content": "a"}], "model": "gpt-4"}       | model
          """)
  void namesTheFieldThatIsWrong(String body, @Nullable String param) throws Exception {
    Json error = Client.json(client.post("/v1/chat/completions", body).body()).at("error");
    assertThat(error.findText("param")).as(error.toString()).isEqualTo(param);
  }

  @Test
  void namesTheMessagesWhereTheyAreTooLong() throws Exception {
    String body = demo.chat("word ".repeat(demo.model.context()), "");
    Json error = Client.json(client.post("/v1/chat/completions", body).body()).at("error");
    assertThat(error.getText("code")).isEqualTo("context_length_exceeded");
    assertThat(error.getText("param")).isEqualTo("messages");
  }

  /// What no option of `serve` changes is not advised.
  @Test
  void saysWhatToDoAboutAPictureThatIsTooLarge() throws Exception {
    BufferedImage large = new BufferedImage(20_000, 20_000, BufferedImage.TYPE_BYTE_BINARY);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(large, "png", png);
    String body =
        demo.chat("What is it?", "")
            .replace(demo.base64, Base64.getEncoder().encodeToString(png.toByteArray()));
    HttpResponse<String> response = client.post("/v1/chat/completions", body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(Client.json(response.body()).at("error").getText("message"))
        .endsWith("20000 x 20000 pixels, more than the limit of 100000000; shrink it");
  }

  @Test
  void takesWholeNumbersHoweverTheyAreWritten() throws Exception {
    String more =
        ", \"seed\": 7.0, \"top_k\": -1.0, \"n\": 1.0, \"logprobs\": true, \"top_logprobs\": 2.0";
    String body = body(more).replace("\"max_tokens\": 40", "\"max_tokens\": 4e1");
    assertThat(client.post("/v1/chat/completions", body).statusCode()).isEqualTo(200);
  }

  /// Some clients tell the system's text anew in the middle of a chat.
  @Test
  void systemMessagesMayComeLater() throws Exception {
    String chat =
        """
        {"max_tokens": 12, "messages": [%s{"role": "user", "content": "Hello"},
          {"role": "assistant", "content": "Hi."}, %s{"role": "user", "content": "Who are you?"}%s]}\
        """;
    String first = "{\"role\": \"system\", \"content\": \"Be kind.\"}";
    String second = "{\"role\": \"developer\", \"content\": \"Be short.\"}";
    String early = answer(chat.formatted(first + ", " + second + ", ", "", ""));
    assertThat(answer(chat.formatted(first + ", ", second + ", ", ""))).isEqualTo(early);
    assertThat(answer(chat.formatted("", first + ", ", ", " + second))).isEqualTo(early);
    assertThat(answer(chat.formatted("", "", ""))).isNotEqualTo(early);
  }

  /// The answer, and how many tokens asked for it.
  private static String answer(String body) throws Exception {
    Json json = Client.json(client.post("/v1/chat/completions", body).body());
    return json.at("choices").items().getFirst().at("message").getText("content")
        + json.at("usage").getInt("prompt_tokens");
  }

  @Test
  void holdsAnAnswerToASchema() throws Exception {
    String schema =
        """
        , "response_format": {"type": "json_schema", "json_schema": {"name": "seen", "schema": {
          "type": "object", "required": ["colour", "count"], "additionalProperties": false,
          "properties": {"colour": {"enum": ["red", "green", "blue"]},
                         "count": {"type": "integer", "minimum": 0, "maximum": 9}}}}}\
        """;
    Json json = Client.json(client.post("/v1/chat/completions", body(schema)).body());
    Json choice = json.at("choices").items().getFirst();
    assertThat(choice.getText("finish_reason")).isEqualTo("stop");
    Json seen = Client.json(choice.at("message").getText("content"));
    assertThat(seen.fields().keySet()).containsExactly("colour", "count");
    assertThat(seen.getText("colour")).isIn("red", "green", "blue");
    assertThat(seen.getInt("count")).isBetween(0, 9);
    String stream = client.post("/v1/chat/completions", body(schema + ", \"stream\": true")).body();
    StringBuilder text = new StringBuilder();
    for (Json event : Client.events(stream)) {
      text.append(event.at("choices").items().getFirst().at("delta").getText("content", ""));
    }
    assertThat(text.toString()).isEqualTo(choice.at("message").getText("content"));
  }

  @Test
  void aSchemaMayNotBeTooLarge() throws Exception {
    String schema =
        """
        , "response_format": {"type": "json_schema", "json_schema": {"schema": {
          "type": "boolean", "description": "%s"}}}\
        """
            .formatted("x".repeat(1 << 20));
    HttpResponse<String> response = client.post("/v1/chat/completions", body(schema));
    assertThat(response.statusCode()).isEqualTo(400);
    Json error = Client.json(response.body()).at("error");
    assertThat(error.getText("message")).startsWith("schema: it has more than 1048576 characters");
    assertThat(error.getText("param")).isEqualTo("response_format.json_schema.schema");
  }

  @Test
  void ignoresWhatItDoesNotKnow() throws Exception {
    HttpResponse<String> response =
        client.post(
            "/v1/chat/completions",
            body(
                """
                , "store": true, "colour": [1], "metadata": {"a": "b"}, "service_tier": "auto",
                  "user": "u", "parallel_tool_calls": false, "reasoning_effort": "low",
                  "tools": [], "tool_choice": "auto", "modalities": ["text"], "audio": null,
                  "top_logprobs": 0\
                """));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
  }

  @Test
  void listsTheModelAndTellsItsHealth() throws Exception {
    Json models = Client.json(client.get("/v1/models").body());
    assertThat(models.at("data").items().getFirst().getText("id")).isEqualTo("demo");
    assertThat(Client.json(client.get("/health").body()).getText("status")).isEqualTo("ready");
    Json tokens = Client.json(client.post("/tokenize", "{\"content\": \"a b\"}").body());
    assertThat(tokens.at("tokens").items()).hasSize(tokens.getInt("count"));
  }

  private static String body(String more) {
    return demo.chat("What is it?", more);
  }
}
