package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `batch` with requests in OpenAI's form.
class RequestBatchTest {
  private static final String HOW_MANY = "How many shapes are in the image?";
  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path temp;

  @BeforeEach
  void copyPicture() throws IOException {
    Files.copy(Path.of(Cli.sample("shapes.png")), temp.resolve("shapes.png"));
  }

  private Cli.Result batch(String in, String out, String... more) {
    List<String> arguments = new ArrayList<>(arguments(in, out));
    arguments.addAll(List.of(more));
    return Cli.run(arguments.toArray(String[]::new));
  }

  private List<String> arguments(String in, String out) {
    return List.of(
        "batch", temp.resolve(in).toString(), "-mdemo", "-o", temp.resolve(out).toString());
  }

  private void write(String name, List<String> lines) throws IOException {
    Files.write(temp.resolve(name), lines);
  }

  private List<Json> rows(String out) throws IOException {
    return Files.readAllLines(temp.resolve(out)).stream()
        .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "row"))
        .toList();
  }

  private static String request(String id, String url, String body) {
    return "{\"custom_id\": \"%s\", \"method\": \"POST\", \"url\": \"%s\", \"body\": %s}"
        .formatted(id, url, body);
  }

  private static String chat(String question, String picture, String more) {
    return """
    {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": [{"type": "text", "text": "%s"}, \
    {"type": "image_url", "image_url": {"url": "%s"}}]}]%s}\
    """
        .formatted(question, picture, more);
  }

  private static String answer(Json row) {
    Json body = row.at("response").at("body");
    return body.at("choices").items().getFirst().at("message").getText("content");
  }

  private static Json error(Json row) {
    return row.at("response").at("body").at("error");
  }

  @Test
  void answersAreThoseOfAsk() throws IOException {
    byte[] shapes = Files.readAllBytes(temp.resolve("shapes.png"));
    String data = "data:image/png;base64," + Base64.getEncoder().encodeToString(shapes);
    write(
        "in.jsonl",
        List.of(
            request("data", CHAT, chat(HOW_MANY, data, "")),
            request("path", CHAT, chat(HOW_MANY, "shapes.png", "")),
            request("file", CHAT, chat(HOW_MANY, "file://" + temp + "/shapes.png", ", \"n\": 2")),
            request("text", "/v1/completions", "{\"prompt\": \"Hi\", \"max_tokens\": 3}"),
            request("vector", "/v1/embeddings", "{\"input\": [\"a\", \"b\"]}"),
            "no request"));
    Cli.Result result = batch("in.jsonl", "out.jsonl");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).contains("6 rows in", "1 of those done now failed");
    List<Json> rows = rows("out.jsonl");
    String expected =
        Cli.run("ask", "-mdemo", "-i", Cli.sample("shapes.png"), "-p", HOW_MANY).out();
    for (Json row : rows.subList(0, 3)) {
      assertThat(answer(row)).isEqualTo(expected.strip());
      assertThat(row.at("response").getInt("status_code")).isEqualTo(200);
      Json body = row.at("response").at("body");
      assertThat(body.getText("id")).isEqualTo("chatcmpl-" + row.getText("custom_id"));
      assertThat(body.getInt("created")).isZero();
      assertThat(body.at("usage").at("prompt_tokens_details").fields()).containsOnlyKeys("tiles");
    }
    assertThat(rows.get(2).at("response").at("body").at("choices").items()).hasSize(2);
    Json text = rows.get(3).at("response").at("body");
    assertThat(text.at("usage").getInt("completion_tokens")).isBetween(1, 3);
    assertThat(rows.get(4).at("response").at("body").at("data").items()).hasSize(2);
    assertThat(rows.get(5).getText("custom_id")).isEqualTo("line-6");
    assertThat(rows.get(5).at("error").getText("message")).startsWith("in.jsonl line 6");
    assertThat(rows.get(5).has("response")).isFalse();
  }

  @Test
  void whatIsRefusedSaysWhy() throws IOException {
    Path outside = Files.createDirectory(temp.resolve("in"));
    write(
        "in/in.jsonl",
        List.of(
            request("stream", CHAT, chat(HOW_MANY, "a.png", ", \"stream\": true")),
            request("outside", CHAT, chat(HOW_MANY, "file://" + temp + "/shapes.png", "")),
            request("missing", CHAT, chat(HOW_MANY, "a.png", "")),
            request("far", CHAT, chat(HOW_MANY, "http://example.org/a.png", "")),
            request("url", "/v1/responses", "{}"),
            request("empty", CHAT, "{}")));
    assertThat(batch("in/in.jsonl", "out.jsonl").code()).isZero();
    List<Json> rows = rows("out.jsonl");
    assertThat(rows)
        .map(row -> row.at("response").getInt("status_code"))
        .containsExactly(400, 400, 400, 400, 404, 400);
    assertThat(rows)
        .map(row -> error(row).getText("code"))
        .containsExactly(
            "invalid_request",
            "picture_not_allowed",
            "picture_not_found",
            "picture_not_allowed",
            "not_found",
            "invalid_request");
    assertThat(error(rows.get(0)).getText("message")).contains("nothing is streamed here");
    assertThat(error(rows.get(3)).getText("message"))
        .endsWith(
            "nothing is fetched here; save the file and name its path, or send it as a data: URI");
    assertThat(error(rows.get(5)).getText("message")).isEqualTo("request: messages is missing");
    assertThat(outside).isDirectoryNotContaining("glob:*.part*");
  }

  @Test
  void linesDependOnTheirRequestsAlone() throws Exception {
    List<String> requests = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      String question = i % 3 == 0 ? HOW_MANY : "What is it? " + i;
      String more = ", \"max_tokens\": 12, \"temperature\": 0.%d".formatted(i % 2);
      requests.add(request("r" + i, CHAT, chat(question, "shapes.png", more)));
    }
    write("in.jsonl", requests);
    assertThat(batch("in.jsonl", "whole.jsonl").code()).isZero();
    List<String> whole = Files.readAllLines(temp.resolve("whole.jsonl"));
    assertThat(whole).hasSize(100);

    write("one.jsonl", List.of(requests.get(80)));
    assertThat(batch("one.jsonl", "alone.jsonl").code()).isZero();
    assertThat(Files.readAllLines(temp.resolve("alone.jsonl"))).containsExactly(whole.get(80));

    assertThat(kill("out.jsonl")).isNotZero();
    interrupt("out.jsonl");
    assertThat(batch("in.jsonl", "out.jsonl").code()).isZero();
    assertThat(Files.readAllLines(temp.resolve("out.jsonl"))).isEqualTo(whole);
  }

  /// Kills a process once it has written something.
  private int kill(String out) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector", // or it would start another process
            "-XX:+UseSerialGC",
            "-Dinternvl4j.kernels=" + System.getProperty("internvl4j.kernels", "auto"),
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName()));
    command.addAll(arguments("in.jsonl", out));
    Process child =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(temp.resolve("child.log").toFile())
            .start();
    while (child.isAlive() && kept(out) == 0) {
      Thread.sleep(2);
    }
    return child.destroyForcibly().waitFor();
  }

  /// Interrupts a run once it has written more.
  private void interrupt(String out) throws IOException, InterruptedException {
    long before = kept(out);
    Thread run = Thread.ofPlatform().start(() -> batch("in.jsonl", out));
    while (run.isAlive() && kept(out) <= before) {
      Thread.sleep(2);
    }
    run.interrupt();
    run.join();
  }

  /// Grows with the rows that a later run finds.
  private long kept(String out) throws IOException {
    Path sums = temp.resolve(out + ".part.sums");
    return Files.exists(sums) ? Files.size(sums) : 0;
  }

  @Test
  void theExampleOfTheManualRuns() throws IOException {
    List<String> lines =
        Files.readAllLines(Fixtures.home().resolve("docs/BATCH.md")).stream()
            .filter(line -> line.startsWith("    {\"custom_id\""))
            .toList();
    assertThat(lines).hasSize(2);
    write("requests.jsonl", lines.stream().map(String::strip).toList());
    assertThat(batch("requests.jsonl", "answers.jsonl", "--times", "-v").code()).isZero();
    List<Json> rows = rows("answers.jsonl");
    assertThat(answer(rows.get(0)))
        .isEqualTo(
            Cli.run("ask", "-mdemo", "-i", Cli.sample("shapes.png"), "-p", HOW_MANY).out().strip());
    Json body = rows.get(0).at("response").at("body");
    assertThat(body.getInt("created")).isPositive();
    assertThat(body.at("usage").at("prompt_tokens_details").has("cached_tokens")).isTrue();
    assertThat(rows.get(1).at("response").getInt("status_code")).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "-p x, --prompt",
    "--task ask, --task",
    "--schema object, --schema",
    "--max-tokens 3, --max-tokens",
    "--temperature 0, --temperature",
    "--max-tiles 2, --max-tiles",
    "--orient, --orient",
    "--column id=a, --column"
  })
  void optionsOfTasksDoNotGoWithRequests(String options, String option) throws IOException {
    write("in.jsonl", List.of(request("a", CHAT, chat(HOW_MANY, "shapes.png", ""))));
    Cli.Result result = batch("in.jsonl", "out.jsonl", options.split(" "));
    assertThat(result.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(result.err())
        .contains(option + " does not go with requests, which say themselves what is asked");
    assertThat(temp.resolve("out.jsonl.manifest.json")).doesNotExist();
  }

  @Test
  void answersToRequestsAreNoTable() throws IOException {
    write("in.jsonl", List.of(request("a", CHAT, chat(HOW_MANY, "shapes.png", ""))));
    Cli.Result result = batch("in.jsonl", "out.parquet");
    assertThat(result.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(result.err()).contains("answers to requests are lines of JSON");
  }

  @Test
  void anOutputOfATaskIsNotGoneOnWith() throws IOException {
    Files.createDirectory(temp.resolve("rows"));
    write("rows/in.jsonl", List.of("{\"images\": [], \"prompt\": \"Hi\"}"));
    assertThat(batch("rows/in.jsonl", "out.jsonl").code()).isZero();
    write("rows/in.jsonl", List.of(request("a", CHAT, "{}")));
    Cli.Result result = batch("rows/in.jsonl", "out.jsonl");
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err())
        .contains("was begun with task.kind \"ask\" and is asked to go on with \"requests\"");
  }
}
