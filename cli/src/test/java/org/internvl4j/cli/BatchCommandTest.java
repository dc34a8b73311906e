package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.parquet.Column;
import org.internvl4j.parquet.Column.Kind;
import org.internvl4j.parquet.ParquetReader;
import org.internvl4j.parquet.ParquetWriter;
import org.internvl4j.parquet.WriteOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `batch` reads, does and writes; that it goes on where it was is tested where it is done.
class BatchCommandTest {
  private static final String SHAPES = Cli.sample("shapes.png");
  private static final String NUMBER = Cli.sample("number.png");
  private static final String HOW_MANY = "How many shapes are in the image?";

  @TempDir private Path temp;

  private List<Json> rows(String out) throws IOException {
    return Files.readAllLines(temp.resolve(out)).stream()
        .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "row"))
        .toList();
  }

  private Cli.Result batch(String stdin, String input, String out, String... more) {
    String[] arguments = new String[5 + more.length];
    System.arraycopy(
        new String[] {"batch", input, "-mdemo", "-o", temp.resolve(out).toString()},
        0,
        arguments,
        0,
        5);
    System.arraycopy(more, 0, arguments, 5, more.length);
    return Cli.withInput(stdin, arguments);
  }

  private Path folder() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("pictures/below"));
    Files.copy(Path.of(SHAPES), temp.resolve("pictures/b.png"));
    Files.copy(Path.of(NUMBER), folder.resolve("a.PNG"));
    Files.writeString(temp.resolve("pictures/c.jpg"), "no picture");
    Files.writeString(temp.resolve("pictures/notes.txt"), "not asked for");
    return temp.resolve("pictures");
  }

  @Test
  void foldersPatternsAndListsGiveTheSameAnswers() throws IOException {
    Path folder = folder();
    Cli.Result result = batch("", folder.toString(), "folder.jsonl", "-p", HOW_MANY);
    assertThat(result.err()).contains("3 rows in", "1 of those done now failed");
    assertThat(result.code()).isZero();
    List<Json> rows = rows("folder.jsonl");
    assertThat(rows).map(row -> row.getText("id")).containsExactly("b.png", "below/a.PNG", "c.jpg");
    String answer = Cli.run("ask", "-mdemo", "-i", SHAPES, "-p", HOW_MANY).out().strip();
    assertThat(rows.get(0).getText("answer")).isEqualTo(answer);
    assertThat(rows.get(2).at("error").getText("code")).isEqualTo("picture");

    assertThat(batch("", folder + "/**.{png,PNG}", "glob.jsonl", "-p", HOW_MANY).code()).isZero();
    assertThat(Files.readAllLines(temp.resolve("glob.jsonl")))
        .isEqualTo(Files.readAllLines(temp.resolve("folder.jsonl")).subList(0, 2));

    String list = folder.resolve("b.png") + "\n\nmissing.png\n";
    assertThat(batch(list, "-", "list.jsonl", "-p", HOW_MANY).code()).isZero();
    assertThat(rows("list.jsonl").get(0).getText("answer")).isEqualTo(answer);
    assertThat(rows("list.jsonl").get(1).at("error").getText("message"))
        .isEqualTo("missing.png: there is no such file");
  }

  @Test
  void rowsOfJsonAskForThemselves() throws IOException {
    String data =
        "data:image/png;base64,"
            + Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(SHAPES)));
    Files.copy(Path.of(NUMBER), temp.resolve("number.png"));
    Files.writeString(
        temp.resolve("rows.jsonl"),
        String.join(
            "\n",
            row("one", List.of(data), HOW_MANY),
            row("two", List.of("number.png"), null),
            "{\"images\": [\"number.png\"], \"prompt\": \"What is it?\"}",
            "{\"id\": \"four\", \"images\": \"number.png\"}",
            "no json",
            ""));
    Cli.Result result = batch("", temp.resolve("rows.jsonl").toString(), "out.jsonl");
    assertThat(result.code()).isZero();
    List<Json> rows = rows("out.jsonl");
    assertThat(rows).map(row -> row.getText("id")).containsExactly("one", "two", "3", "four", "5");
    assertThat(rows.get(0).getText("answer"))
        .isEqualTo(Cli.run("ask", "-mdemo", "-i", SHAPES, "-p", HOW_MANY).out().strip());
    assertThat(error(rows.get(1))).isEqualTo("row: asks nothing, and there is no prompt for all");
    assertThat(rows.get(2).has("answer")).isTrue();
    assertThat(error(rows.get(3))).contains("rows.jsonl line 4", "images", "expected a list");
    assertThat(error(rows.get(4))).contains("rows.jsonl line 5");
  }

  private static String error(Json row) {
    return row.at("error").getText("message");
  }

  private static String row(String id, List<String> images, String prompt) {
    JsonWriter json = new JsonWriter().object().field("id", id).array("images");
    images.forEach(json::value);
    json.end();
    return (prompt == null ? json : json.field("prompt", prompt)).end().toString();
  }

  @Test
  void everyTaskHasItsResult() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("one"));
    Files.copy(Path.of(SHAPES), folder.resolve("a.png"));
    String in = folder.toString();
    assertThat(batch("", in, "d.jsonl", "--task", "describe", "--max-tokens", "9").code()).isZero();
    assertThat(rows("d.jsonl").getFirst().getInt("new_tokens")).isEqualTo(9);

    assertThat(
            batch("", in, "b.jsonl", "--task", "boxes", "--find", "the red circle", "--times")
                .code())
        .isZero();
    Json found = rows("b.jsonl").getFirst();
    assertThat(found.at("regions").items()).isNotEmpty();
    assertThat(found.at("regions").items().getFirst().at("pixels").items()).isNotEmpty();
    assertThat(found.getDouble("vision_seconds")).isPositive();

    assertThat(batch("", in, "e.jsonl", "--task", "embed", "--vectors", "mean").code()).isZero();
    Json embedded =
        Json.parse(
            Cli.run("embed", "-mdemo", "--what", "mean", SHAPES)
                .out()
                .getBytes(StandardCharsets.UTF_8),
            "embed");
    assertThat(rows("e.jsonl").getFirst().at("embedding").items())
        .map(Json::asDouble)
        .isNotEmpty()
        .isEqualTo(numbers(embedded));

    assertThat(
            batch("", in, "s.jsonl", "-p", HOW_MANY, "--schema", "object", "--max-tokens", "40")
                .code())
        .isZero();
    assertThat(rows("s.jsonl").getFirst().getText("answer")).startsWith("{");
  }

  private static List<Double> numbers(Json embedded) {
    Json values =
        embedded.fields().values().stream().filter(Json.Arr.class::isInstance).toList().getLast();
    while (values.items().getFirst() instanceof Json.Arr inner) {
      values = inner;
    }
    return values.items().stream().map(Json::asDouble).toList();
  }

  @Test
  void classesAreThoseThatClassifyFinds() throws IOException {
    Path model = Cli.fixture("internvl-14b-224px");
    Path folder = Files.createDirectories(temp.resolve("one"));
    Files.copy(Path.of(SHAPES), folder.resolve("a.png"));
    String out = temp.resolve("c.jsonl").toString();
    assertThat(
            Cli.run(
                    "batch",
                    folder.toString(),
                    "-m",
                    model.toString(),
                    "-o",
                    out,
                    "--task",
                    "classify",
                    "-c",
                    "a",
                    "-c",
                    "b")
                .code())
        .isZero();
    Json wanted =
        Json.parse(
            Cli.run("classify", "-m", model.toString(), "-c", "a", "-c", "b", "--json", SHAPES)
                .out()
                .getBytes(StandardCharsets.UTF_8),
            "classify");
    Json first = wanted.at("classes").items().getFirst();
    Json found = rows("c.jsonl").getFirst().at("classes").items().getFirst();
    assertThat(found.getText("class")).isEqualTo(first.getText("class"));
    assertThat(found.getDouble("probability")).isEqualTo(first.getDouble("probability"));
  }

  @Test
  void tablesGoInAndComeOut() throws IOException {
    Path in = temp.resolve("in.parquet");
    List<Column> columns =
        List.of(Column.required("key", Kind.STRING), Column.required("photo", Kind.BINARY));
    try (OutputStream out = Files.newOutputStream(in)) {
      ParquetWriter writer = new ParquetWriter(out, "in", columns, WriteOptions.DEFAULT);
      writer.write("one", Files.readAllBytes(Path.of(SHAPES)));
      writer.finish();
    }
    Cli.Result lost = batch("", in.toString(), "out.parquet", "-p", HOW_MANY);
    assertThat(lost.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(lost.err()).contains("name one of key (STRING), photo (BINARY)");
    Cli.Result nothing = batch("", in.toString(), "out.parquet", "--column", "image=photo");
    assertThat(nothing.err()).contains("nothing is asked");
    assertThat(nothing.code()).isEqualTo(ExitCodes.USAGE);

    Cli.Result result =
        batch("", in.toString(), "out.parquet", "-p", HOW_MANY, "--column", "image=photo");
    assertThat(result.code()).isZero();
    try (ParquetReader reader = ParquetReader.open(temp.resolve("out.parquet"))) {
      org.internvl4j.parquet.Row row = reader.rows("id", "answer").next();
      assertThat(row.string("id")).isEqualTo("one");
      assertThat(row.string("answer"))
          .isEqualTo(Cli.run("ask", "-mdemo", "-i", SHAPES, "-p", HOW_MANY).out().strip());
    }
    Cli.Result other =
        batch("", in.toString(), "out.parquet", "-p", HOW_MANY, "--column", "image=key");
    assertThat(other.err()).contains("in.parquet: image=photo", "in.parquet: image=key");
  }

  @Test
  void whatIsCompleteIsLeftAlone() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("one"));
    Files.copy(Path.of(SHAPES), folder.resolve("a.png"));
    assertThat(batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY).code()).isZero();
    Cli.Result again = batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY);
    assertThat(again.code()).isZero();
    assertThat(again.err()).contains("is complete already");
    assertThat(batch("", folder + "/", "a.jsonl", "-p", HOW_MANY).err())
        .contains("is complete already");
    Cli.Result other = batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY, "--seed", "1");
    assertThat(other.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(other.err()).contains("was begun with task.seed 0 and is asked to go on with 1");
  }

  @ParameterizedTest
  @CsvSource({"activations,f32,bf16", "kernels,auto,scalar"})
  void whatTheLastBitsDependOnStaysTheSame(String what, String was, String is) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("one"));
    Files.copy(Path.of(SHAPES), folder.resolve("a.png"));
    String property = "internvl4j." + what; // which options set, for the whole process
    String before = System.clearProperty(property);
    try {
      assertThat(batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY).code()).isZero();
      Cli.Result other = batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY, "--" + what, is);
      assertThat(other.code()).isEqualTo(ExitCodes.INPUT);
      assertThat(other.err())
          .contains("with %s \"%s\" and is asked to go on with \"%s\";".formatted(what, was, is));
    } finally {
      System.clearProperty(property);
      if (before != null) {
        System.setProperty(property, before);
      }
    }
  }

  @Test
  void manifestsOfTheFirstFormAreRead() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("one"));
    Files.copy(Path.of(SHAPES), folder.resolve("a.png"));
    assertThat(batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY).code()).isZero();
    Path manifest = temp.resolve("a.jsonl.manifest.json");
    String first =
        Files.readString(manifest)
            .replace("\"internvl4j.batch\":2", "\"internvl4j.batch\":1")
            .replaceAll("\"(activations|adapters_sha256|kernels)\":\"[^\"]*\",", "");
    assertThat(first)
        .contains("batch\":1")
        .doesNotContain("kernels", "activations", "_sha256\":\"\"");
    Files.writeString(manifest, first);
    Cli.Result again = batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY);
    assertThat(again.err()).contains("is complete already");
    assertThat(again.code()).isZero();
    Cli.Result other = batch("", folder.toString(), "a.jsonl", "-p", HOW_MANY, "--weights", "q8");
    assertThat(other.err()).contains("with weights \"bf16\" and is asked to go on with \"q8\"");
  }

  @Test
  void progressIsShown() throws IOException {
    Path folder = folder();
    Cli.Result result =
        Cli.onTerminal(
            Map.of(),
            "batch",
            folder.toString(),
            "-mdemo",
            "-o",
            temp.resolve("t.jsonl").toString(),
            "-p",
            HOW_MANY);
    assertThat(result.err()).contains("batch █", " 3/3", "1 failed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          -p x --find a                  | 2 | --find goes with --task boxes
          --task boxes                   | 2 | --task boxes looks for what --find names
          --task boxes --find a -p x     | 2 | not for -p
          --task classify                | 2 | expected -c NAME
          -c a -p x                      | 2 | -c goes with --task classify
          --max-tokens 3                 | 2 | nothing is asked
          -p x --schema nowhere.json     | 2 | --schema is nowhere.json
          --task embed --vectors c       | 4 |
          --task embed -p x              | 2 | -p goes with --task ask or describe
          -p x --column id=a             | 2 | --column is of Parquet files
          """)
  void wrongOptionsAreSaid(String options, int code, String sentence) throws IOException {
    Cli.Result result = batch("", folder().toString(), "out.jsonl", options.strip().split(" +"));
    assertThat(result.err()).contains(sentence == null ? "" : sentence);
    assertThat(result.code()).isEqualTo(code);
    assertThat(temp.resolve("out.jsonl")).doesNotExist();
  }

  @Test
  void inputsThatAreNoneAreSaid() throws IOException {
    assertThat(batch("", "nowhere", "out.jsonl", "-p", "x").code()).isEqualTo(ExitCodes.INPUT);
    Path text = Files.writeString(temp.resolve("a.txt"), "text");
    Cli.Result result = batch("", text.toString(), "out.jsonl", "-p", "x");
    assertThat(result.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(result.err()).contains("a.txt: expected a folder, a pattern, a file of rows");
  }

  @Test
  void aPatternThatWasNotQuotedIsSaid() {
    Cli.Result result = Cli.run("batch", "-mdemo", "-o", "o.jsonl", "a.png", "b.png", "c.png");
    assertThat(result.code()).isEqualTo(ExitCodes.USAGE);
    assertThat(result.err())
        .isEqualTo(
            "internvl: expected one INPUT, found 2 more: b.png …; quote a pattern, as in"
                + " 'photos/*.png'; see 'internvl batch --help'\n");
    Cli.Result none = batch("", temp + "/[", "o.jsonl", "-p", "x");
    assertThat(none.code()).isEqualTo(ExitCodes.INPUT);
    assertThat(none.err()).contains("[: is no pattern: the [ at").hasLineCount(1);
  }

  @Test
  void standardOutputIsNoOutput() {
    Cli.Result result = Cli.run("batch", "-mdemo", "-p", HOW_MANY, "-o", "-", ".");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("- is no file to write; name one");
  }

  @Test
  void whatIsEmptyIsNotTheFolderOneIsIn() {
    for (List<String> arguments :
        List.of(
            List.of("index", "", "-x", temp.resolve("x").toString(), "-mdemo"),
            List.of("index", temp.toString(), "-x", "", "-mdemo"),
            List.of("batch", ".", "-o", "", "-mdemo", "-p", HOW_MANY))) {
      Cli.Result result = Cli.run(arguments.toArray(String[]::new));
      assertThat(result.code()).as("%s", arguments).isEqualTo(2);
    }
    Cli.Result result = Cli.run("batch", temp + "/*.gif", "-o", temp + "/o", "-mdemo", "-p", "x");
    assertThat(result.err()).contains("*.gif: no file fits this pattern");
  }
}
