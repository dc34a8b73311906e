package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.internvl4j.loader.json.Json;
import org.internvl4j.parquet.Column;
import org.internvl4j.parquet.Column.Kind;
import org.internvl4j.parquet.ParquetReader;
import org.internvl4j.parquet.ParquetWriter;
import org.internvl4j.parquet.WriteOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tables go in and come out; what is in them is what lines of JSON say.
class ParquetBatchTest {
  private static final Task COUNT = Task.Asking.of(Scenery.QUESTION);
  private static final String WHERE = "Where is the red circle?";

  @TempDir private Path temp;

  private Path pictures;
  private byte[] scene;

  @BeforeEach
  void paint() throws IOException {
    pictures = Scenery.paint(temp.resolve("pictures"), 5);
    scene = Files.readAllBytes(pictures.resolve("00000.png"));
  }

  private Path table(String name, List<Column> columns, Object[]... rows) throws IOException {
    Path file = temp.resolve(name);
    try (OutputStream out = Files.newOutputStream(file)) {
      ParquetWriter writer =
          new ParquetWriter(out, name, columns, WriteOptions.DEFAULT.withGzip(false));
      for (Object[] row : rows) {
        writer.write(row);
      }
      writer.finish();
    }
    return file;
  }

  private static List<Row> rows(Input input) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (input) {
      for (Row row = input.next(); row != null; row = input.next()) {
        rows.add(row);
      }
    }
    return rows;
  }

  private static Input open(String named) throws IOException {
    return Inputs.open(named, Columns.USUAL, new ByteArrayInputStream(new byte[0]));
  }

  private Batch.Result run(Input input, Path out, Task task) throws Exception {
    try (input) {
      return new Batch(
              () -> Scenery.worker(task),
              input,
              Batch.Output.of(out, false, task),
              Scenery.manifest(task, "rows"),
              Batch.Listener.NONE)
          .run();
    }
  }

  private static List<Json> lines(Path file) throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "row"))
        .toList();
  }

  @Test
  void bytesPathsAndQuestionsAreRows() throws Exception {
    Path file =
        table(
            "rows.parquet",
            List.of(
                Column.required("id", Kind.LONG),
                Column.optional("image", Kind.BINARY),
                Column.optional("question", Kind.STRING)),
            new Object[] {7L, scene, null},
            new Object[] {8L, "no picture".getBytes(StandardCharsets.UTF_8), null},
            new Object[] {9L, null, "What is it?"},
            new Object[] {10L, scene, WHERE});
    try (Input input = open(file.toString())) {
      assertThat(input.size()).isEqualTo(4);
      assertThat(input.asks()).isTrue();
    }
    Path out = temp.resolve("out.jsonl");
    assertThat(run(open(file.toString()), out, COUNT).end()).isEqualTo(Batch.End.COMPLETE);

    Path plain = temp.resolve("plain.jsonl");
    Scenery.run(pictures, plain, COUNT);
    List<Json> found = lines(out);
    assertThat(found).map(row -> row.getText("id")).containsExactly("7", "8", "9", "10");
    assertThat(found.get(0).getText("answer")).isEqualTo(lines(plain).getFirst().getText("answer"));
    assertThat(found.get(1).at("error").getText("code")).isEqualTo("picture");
    assertThat(found.get(2).at("error").toString())
        .isEqualTo(
            "{\"code\":\"picture\",\"message\":\"column image: is null, expected a picture or a list of pictures\"}");
    assertThat(found.get(3).getText("answer")).isNotEqualTo(found.get(0).getText("answer"));
  }

  @Test
  void listsOfPathsAreRowsOfSeveralPictures() throws Exception {
    Path file =
        table(
            "lists.parquet",
            List.of(Column.required("images", Kind.STRINGS)),
            new Object[] {List.of("pictures/00001.png", "pictures/00002.png")},
            new Object[] {List.of("data:image/png,plain")},
            new Object[] {List.of()});
    List<Row> rows = rows(open(file.toString()));
    assertThat(rows.get(0)).isInstanceOf(Row.Item.class);
    assertThat(((Row.Item) rows.get(0)).pictures())
        .map(source -> ((PictureSource.OfFile) source).file())
        .containsExactly(pictures.resolve("00001.png"), pictures.resolve("00002.png"));
    assertThat(rows.get(1))
        .isEqualTo(
            new Row.Unreadable(
                "2", Outcome.Failed.input("column images: data:image/…;base64,… was expected")));
    assertThat(((Row.Item) rows.get(2)).pictures()).isEmpty();
  }

  /// As Hugging Face's tables are that do not hold their pictures.
  @Test
  void picturesThatAreNotInATableAreWhereItSays() throws Exception {
    Path file = temp.resolve("paths.parquet");
    try (InputStream table = getClass().getResourceAsStream("paths.parquet")) {
      Files.copy(Objects.requireNonNull(table), file);
    }
    Row.Item row = (Row.Item) rows(open(file.toString())).getFirst();
    assertThat(row.pictures())
        .containsExactly(new PictureSource.OfFile(pictures.resolve("00001.png")));
  }

  /// A hash without a sign, say.
  @Test
  void namesAreWholeNumbersHoweverLarge() throws Exception {
    Path file = temp.resolve("unsigned.parquet");
    try (InputStream table = getClass().getResourceAsStream("unsigned.parquet")) {
      Files.copy(Objects.requireNonNull(table), file);
    }
    assertThat(rows(open(file.toString())))
        .map(Row::id)
        .containsExactly("7", "9223372036854775808", "18446744073709551615", "4");
  }

  @Test
  void namesMayBeFractions() throws Exception {
    List<Column> columns =
        List.of(Column.required("id", Kind.DOUBLE), Column.required("image", Kind.BINARY));
    Path file = table("fractions.parquet", columns, new Object[] {1.5, scene});
    assertThat(rows(open(file.toString()))).map(Row::id).containsExactly("1.5");
  }

  @Test
  void aPatternIsAllItsFilesInTheirOrder() throws Exception {
    List<Column> columns = List.of(Column.required("content", Kind.BINARY));
    table("part-1.parquet", columns, new Object[] {scene}, new Object[] {scene});
    table("part-0.parquet", columns, new Object[] {scene});
    try (Input input = open(temp + "/part-*.parquet")) {
      assertThat(input.size()).isEqualTo(3);
      assertThat(input.asks()).isFalse();
    }
    assertThat(rows(open(temp + "/part-*.parquet")))
        .map(Row::id)
        .containsExactly("part-0.parquet:1", "part-1.parquet:1", "part-1.parquet:2");
    Files.writeString(temp.resolve("part-2.parquet"), "none");
    assertThatThrownBy(() -> open(temp + "/part-*.parquet"))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("part-2.parquet: is no Parquet file");
  }

  @Test
  void columnsThatAreNotThereAreNamed() throws Exception {
    Path file =
        table(
            "odd.parquet",
            List.of(Column.required("photo", Kind.BINARY), Column.required("n", Kind.LONG)),
            new Object[] {scene, 1L});
    assertThatThrownBy(() -> open(file.toString()))
        .hasMessageContaining("no column looks like pictures")
        .hasMessageEndingWith("name one of photo (BINARY), n (LONG)");
    assertThatThrownBy(() -> Inputs.parquet(file, new Columns("n", null, null)))
        .hasMessageContaining("column n with pictures was expected, there are photo (BINARY), n");
    assertThat(rows(Inputs.parquet(file, new Columns("photo", "n", null))))
        .map(Row::id)
        .containsExactly("1");
  }

  @Test
  void answersAreATable() throws Exception {
    Files.writeString(pictures.resolve("00002.png"), "no picture");
    Path lines = temp.resolve("out.jsonl");
    Path table = temp.resolve("out.parquet");
    Task task = Task.Asking.find("the red circle");
    Scenery.run(pictures, lines, task);
    Scenery.run(pictures, table, task);
    assertThat(Journal.rowsFile(table)).doesNotExist();
    assertThat(temp.resolve("out.parquet.tmp")).doesNotExist();

    List<Json> wanted = lines(lines);
    try (ParquetReader reader = ParquetReader.open(table)) {
      Iterator<org.internvl4j.parquet.Row> rows =
          reader.rows("id", "answer", "regions", "new_tokens", "error_code", "error_message");
      for (Json line : wanted) {
        org.internvl4j.parquet.Row row = rows.next();
        assertThat(row.string("id")).isEqualTo(line.getText("id"));
        if (line.has("error")) {
          assertThat(row.isNull("answer")).isTrue();
          assertThat(row.string("error_code")).isEqualTo("picture");
          assertThat(row.string("error_message")).isEqualTo(line.at("error").getText("message"));
        } else {
          assertThat(row.string("answer")).isEqualTo(line.getText("answer"));
          assertThat(row.string("regions")).isEqualTo(line.at("regions").toString());
          assertThat(row.integer("new_tokens")).isEqualTo(line.getInt("new_tokens"));
          assertThat(row.isNull("error_code")).isTrue();
        }
      }
      assertThat(rows).isExhausted();
    }
  }

  @Test
  void vectorsKeepEveryBit() throws Exception {
    Task task = new Task.Embedding(Task.Vectors.MEAN);
    Path lines = temp.resolve("out.jsonl");
    Path table = temp.resolve("out.parquet");
    Scenery.run(pictures, lines, task);
    Scenery.run(pictures, table, task);
    try (ParquetReader reader = ParquetReader.open(table)) {
      Iterator<org.internvl4j.parquet.Row> rows = reader.rows("embedding");
      for (Json line : lines(lines)) {
        float[] vector = rows.next().floats("embedding");
        List<Json> numbers = line.at("embedding").items();
        assertThat(vector).hasSize(numbers.size());
        for (int i = 0; i < vector.length; i++) {
          assertThat(Float.toString(vector[i]))
              .isEqualTo(Float.toString(Float.parseFloat(numbers.get(i).toString())));
        }
      }
    }
  }

  @Test
  void aTableThatWasStoppedIsTheSameInTheEnd() throws Exception {
    Path whole = temp.resolve("whole.parquet");
    Scenery.run(pictures, whole, COUNT);
    Path stopped = temp.resolve("stopped.parquet");
    assertThat(Scenery.run(pictures, stopped, COUNT, 2, _ -> {}).end())
        .isEqualTo(Batch.End.STOPPED);
    assertThat(stopped).doesNotExist();
    assertThat(Scenery.run(pictures, stopped, COUNT).end()).isEqualTo(Batch.End.COMPLETE);
    assertThat(Files.mismatch(stopped, whole)).isEqualTo(-1);
    assertThat(Scenery.run(pictures, stopped, COUNT).end()).isEqualTo(Batch.End.FOUND);
  }

  @Test
  void aRowWithoutPicturesFails() throws Exception {
    Path file =
        table(
            "none.parquet",
            List.of(Column.required("images", Kind.STRINGS)),
            new Object[] {List.of()});
    for (Task task : List.of(COUNT, new Task.Embedding(Task.Vectors.MEAN))) {
      Path out = temp.resolve(task.getClass().getSimpleName() + ".jsonl");
      run(open(file.toString()), out, task);
      assertThat(lines(out).getFirst().at("error").toString())
          .isEqualTo(
              "{\"code\":\"picture\",\"message\":\"row: has no picture, expected one or more\"}");
    }
  }

  @Test
  void aDamagedPageIsRowsThatFail() throws Exception {
    Path file =
        table(
            "damaged.parquet",
            List.of(Column.required("images", Kind.STRINGS)),
            new Object[] {List.of("pictures/00001.png")},
            new Object[] {List.of("pictures/00002.png")});
    byte[] bytes = Files.readAllBytes(file);
    int name = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("pictures/00001.png");
    bytes[name]++;
    Files.write(file, bytes);
    Path out = temp.resolve("out.jsonl");
    assertThat(run(open(file.toString()), out, COUNT).rows()).isEqualTo(2);
    assertThat(lines(out)).map(row -> row.getText("id")).containsExactly("1", "2");
    assertThat(lines(out))
        .allSatisfy(row -> {
          assertThat(row.at("error").getText("code")).isEqualTo("input");
          assertThat(row.at("error").getText("message"))
              .startsWith("column images, row group 1: a page's checksum is ");
        });
  }
}
