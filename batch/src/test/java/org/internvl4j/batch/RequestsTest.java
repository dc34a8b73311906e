package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.media.PictureOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests in OpenAI's form, which somebody else answers.
class RequestsTest {
  private static final String ANSWER =
      """
      {"id": "chatcmpl-0123", "object": "chat.completion", "created": 17, "choices": [],
       "usage": {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2, "tiles": 0}}}\
      """;

  @TempDir private Path temp;

  /// Answers all, but those to `/no`.
  private static final class Answering implements Worker.Skill {
    @Override
    public int atOnce() {
      return 4;
    }

    @Override
    public Outcome work(Row.Item item) {
      throw new IllegalArgumentException("row: has pictures");
    }

    @Override
    public Outcome work(Row.Call call) {
      return call.url().equals("/no")
          ? new Outcome.Called(404, json("{\"error\": {\"message\": \"none\"}}"))
          : new Outcome.Called(200, json(ANSWER));
    }

    @Override
    public void close() {}
  }

  private static Json json(String text) {
    return Json.parse(text.getBytes(StandardCharsets.UTF_8), "test");
  }

  private static String request(String id, String url) {
    return "{\"custom_id\": \"%s\", \"method\": \"POST\", \"url\": \"%s\", \"body\": {\"a\": 1}}"
        .formatted(id, url);
  }

  private Path file(String name, String... lines) throws IOException {
    return Files.writeString(temp.resolve(name), String.join("\n", lines));
  }

  private List<String> run(Path in, boolean times) throws Exception {
    Path out = temp.resolve("out" + times + ".jsonl");
    Manifest manifest =
        Manifest.of(
            "model",
            "hash",
            Map.of(),
            json -> json.field("kind", "test"),
            PictureOptions.DEFAULT,
            in.toString());
    try (Input input = Inputs.open(in.toString(), Columns.USUAL, InputStream.nullInputStream())) {
      new Batch(
              () -> Worker.of(new Answering()),
              input,
              new Batch.Output(out, times, null),
              manifest,
              Batch.Listener.NONE)
          .run();
    }
    return Files.readAllLines(out);
  }

  @Test
  void answersAreInOpenAisForm() throws Exception {
    Path in = file("in.jsonl", "", request("a", "/yes"), request("b-2", "/no"), "");
    assertThat(run(in, false))
        .containsExactly(
            "{\"id\":\"a\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"request_id\":\"a\","
                + "\"body\":{\"id\":\"chatcmpl-a\",\"object\":\"chat.completion\",\"created\":0,"
                + "\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                + "\"prompt_tokens_details\":{\"tiles\":0}}}},\"error\":null}",
            "{\"id\":\"b-2\",\"custom_id\":\"b-2\",\"response\":{\"status_code\":404,"
                + "\"request_id\":\"b-2\",\"body\":{\"error\":{\"message\":\"none\"}}},\"error\":null}");
    assertThat(run(in, true).getFirst())
        .contains("\"created\":17", "\"cached_tokens\":2", "\"id\":\"chatcmpl-a\"");
  }

  @Test
  void whatIsNoRequestIsARowWithAnError() throws Exception {
    Path in =
        file(
            "in.jsonl",
            "no json",
            request("a", "/yes"),
            "{\"custom_id\": 7}",
            "{\"custom_id\": \"d\", \"method\": \"GET\", \"url\": \"/yes\", \"body\": {}}",
            "{\"custom_id\": \"e\", \"method\": \"POST\", \"url\": \"/yes\"}",
            "{\"custom_id\": \"f\", \"method\": \"POST\", \"url\": \"/yes\", \"body\": []}",
            "{\"id\": \"g\", \"images\": [\"a.png\"]}",
            "[]");
    List<Json> rows = run(in, false).stream().map(RequestsTest::json).toList();
    assertThat(rows)
        .map(row -> row.getText("custom_id"))
        .containsExactly("line-1", "a", "line-3", "d", "e", "f", "line-7", "line-8");
    List<String> errors = new ArrayList<>();
    for (Json row : rows) {
      assertThat(row.fields().keySet()).containsExactly("id", "custom_id", "response", "error");
      assertThat(row.has("response")).isNotEqualTo(row.has("error"));
      if (row.has("error")) {
        assertThat(row.at("error").getText("code")).isEqualTo("input");
        errors.add(row.at("error").getText("message"));
      }
    }
    assertThat(errors.get(0)).startsWith("in.jsonl line 1: line 1, column");
    assertThat(errors.subList(1, 7))
        .containsExactly(
            "in.jsonl line 3: custom_id is 7, expected a string",
            "in.jsonl line 4: method is \"GET\", expected POST",
            "in.jsonl line 5: body is missing",
            "in.jsonl line 6: body is a list of 0, expected an object",
            "in.jsonl line 7: it is an object, expected a request, as in the lines before: keep"
                + " requests in a file of their own",
            "in.jsonl line 8: it is a list of 0, expected an object");
  }

  @Test
  void requestsAmongRowsOfPicturesAreRowsWithAnError() throws Exception {
    Path in = file("in.jsonl", "{\"id\": \"g\", \"images\": [\"a.png\"]}", request("a", "/yes"));
    try (Input input = Inputs.jsonLines(in)) {
      assertThat(input.requestFolder()).isNull();
      assertThat(input.next()).isInstanceOf(Row.Item.class);
      assertThat(input.next())
          .isEqualTo(
              new Row.Unreadable(
                  "2",
                  new Outcome.Failed(
                      "input",
                      "in.jsonl line 2: it is an object, expected pictures, as in the lines before:"
                          + " keep requests in a file of their own")));
    }
  }

  @Test
  void filesThatAPatternNamesAreOfOneKind() throws Exception {
    file("a.jsonl", request("a", "/yes"));
    file("b.jsonl", request("b", "/yes"), "no json");
    String pattern = temp + "/*.jsonl";
    try (Input input = Inputs.open(pattern, Columns.USUAL, InputStream.nullInputStream())) {
      assertThat(input.requestFolder()).isEqualTo(temp);
      List<String> ids = new ArrayList<>();
      for (Row row = input.next(); row != null; row = input.next()) {
        ids.add(row.id());
      }
      assertThat(ids).containsExactly("a", "b", "b.jsonl:line-2");
    }
    file("c.jsonl", "{\"images\": []}");
    assertThatThrownBy(
            () -> Inputs.open(pattern, Columns.USUAL, InputStream.nullInputStream()).close())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "%1$s/b.jsonl: has requests, and %1$s/c.jsonl has rows of pictures; name files of one kind"
                .formatted(temp));
  }
}
