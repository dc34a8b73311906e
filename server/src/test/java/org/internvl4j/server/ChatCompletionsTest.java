package org.internvl4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
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
          {"messages": [{"role": "user", "content": "a"}], "model": "gpt-4"} | 404 | model "gpt-4" is not served here, expected demo
          """)
  void saysWhatIsWrong(String body, int status, String message) throws Exception {
    HttpResponse<String> response = client.post("/v1/chat/completions", body);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(Client.json(response.body()).at("error").getText("message")).contains(message);
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
  void ignoresWhatItDoesNotKnow() throws Exception {
    HttpResponse<String> response =
        client.post("/v1/chat/completions", body(", \"store\": true, \"colour\": [1]"));
    assertThat(response.statusCode()).isEqualTo(200);
  }

  @Test
  void listsTheModelAndTellsItsHealth() throws Exception {
    Json models = Client.json(client.get("/v1/models").body());
    assertThat(models.at("data").items().getFirst().getText("id")).isEqualTo("demo");
    assertThat(Client.json(client.get("/health").body()).getText("status")).isEqualTo("ready");
    assertThat(client.get("/metrics").body())
        .contains("gen_ai_server_time_to_first_token_seconds", "internvl_kv_pages_used");
    Json tokens = Client.json(client.post("/tokenize", "{\"content\": \"a b\"}").body());
    assertThat(tokens.at("tokens").items()).hasSize(tokens.getInt("count"));
  }

  private static String body(String more) {
    return demo.chat("What is it?", more);
  }
}
