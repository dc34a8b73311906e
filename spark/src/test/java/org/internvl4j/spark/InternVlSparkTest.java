package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The methods and functions, in one JVM.
class InternVlSparkTest {
  private static final int ROWS = 30;

  @TempDir private static Path temp;

  private static Path model;
  private static Path pictures;
  private static Map<String, String> wanted;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws Exception {
    model = Demo.model(temp.resolve("model"));
    pictures = Demo.pictures(temp.resolve("pictures"), ROWS);
    wanted = Demo.batch(model, pictures, temp.resolve("wanted.jsonl"));
    spark = LocalSpark.session(temp);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  private static Map<String, String> options(String... more) {
    Map<String, String> options = new java.util.HashMap<>();
    options.put("model", model.toString());
    options.put("threads", "1");
    for (int i = 0; i < more.length; i += 2) {
      options.put(more[i], more[i + 1]);
    }
    return options;
  }

  private static Dataset<Row> files() {
    return spark.read().format("binaryFile").load(pictures.toString());
  }

  @Test
  void answersDoNotDependOnPartitions() {
    for (int partitions : List.of(1, 3, 7)) {
      Dataset<Row> table = files().select("path", "content").repartition(partitions);
      assertThat(
              Demo.answers(InternVlSpark.ask(table, "content", options("prompt", Demo.QUESTION))))
          .isEqualTo(wanted);
    }
  }

  @Test
  void pathsAndListsServeAsWellAsBytes() {
    Dataset<Row> table = files().selectExpr("path", "array(content) as contents");
    assertThat(Demo.answers(InternVlSpark.ask(table, "path", options("prompt", Demo.QUESTION))))
        .isEqualTo(wanted);
    assertThat(Demo.answers(InternVlSpark.ask(table, "contents", options("prompt", Demo.QUESTION))))
        .isEqualTo(wanted);
  }

  @Test
  void columnsAreTheTablesAndTheResults() {
    Dataset<Row> asked = InternVlSpark.ask(files(), "content", options("prompt", Demo.QUESTION));
    assertThat(asked.columns())
        .containsExactly(
            "path",
            "modificationTime",
            "length",
            "content",
            "answer",
            "finish",
            "prompt_tokens",
            "new_tokens",
            "tiles",
            "error");
    Row failed = asked.where("error is not null").select("answer", "error").first();
    assertThat(failed.isNullAt(0)).isTrue();
    assertThat(failed.getStruct(1).getString(0)).isEqualTo("picture");
    assertThat(failed.getStruct(1).getString(1)).contains("expected a JPEG, PNG");
    assertThat(asked.where("error is null and tiles > 0 and new_tokens > 0").count())
        .isEqualTo(ROWS - 1);
  }

  @Test
  void everyTaskHasItsColumns() {
    Dataset<Row> one = files().limit(2);
    assertThat(
            InternVlSpark.describe(one, "content", options("max_tokens", "5"))
                .first()
                .<Integer>getAs("new_tokens"))
        .isEqualTo(5);
    Row boxed = InternVlSpark.boxes(one, "content", "the red circle", options()).first();
    assertThat(boxed.<Object>getAs("regions")).isNotNull();
    Row embedded = InternVlSpark.embed(one, "content", options("vectors", "class")).first();
    assertThat(embedded.getList(embedded.fieldIndex("embedding"))).hasSizeGreaterThan(10);
    Path contrastive = Fixtures.folder("internvl-14b-224px");
    Row classified =
        InternVlSpark.classify(
                one,
                "content",
                List.of("a", "b", "c"),
                Map.of("model", contrastive.toString(), "top", "2"))
            .first();
    assertThat(classified.getList(classified.fieldIndex("classes"))).hasSize(2);
  }

  @Test
  void addedFoldersAreFound() throws Exception {
    spark.sparkContext().addFile(model.toString(), true);
    Map<String, String> options = options("prompt", Demo.QUESTION);
    options.put("model", "model");
    assertThat(Demo.answers(InternVlSpark.ask(files(), "content", options))).isEqualTo(wanted);
  }

  private static void assertRefused(String message, String... more) {
    assertThatThrownBy(() -> InternVlSpark.ask(files(), "content", options(more)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void wrongOptionsAreNamedAtOnce() {
    assertThatThrownBy(() -> InternVlSpark.ask(files(), "content", Map.of("prompt", "x")))
        .hasMessageContaining("option model is missing");
    assertRefused("option prompt is missing, expected the question to ask of each row");
    assertRefused("option promt is not known, expected one of [device", "promt", "x");
    assertRefused(
        "option max_tokens is many, expected a whole number of at least 1", "max_tokens", "many");
    assertRefused(
        "option max_tokens is 4294967297, expected a whole number of at least 1 and at most",
        "max_tokens",
        "4294967297");
    assertRefused("option weights is q5, expected bf16, q8 or q4", "weights", "q5");
    assertRefused("option threads is -1, expected a whole number of at least 0", "threads", "-1");
    assertRefused("option oriented is yes, expected true or false", "oriented", "yes");
    assertRefused("option max_pixels is 0, expected a whole number", "max_pixels", "0");
    assertRefused("option device: no device is called 'gpu'", "device", "gpu");
    assertRefused("generation: topP is 2.0", "top_p", "2");
    assertThatThrownBy(() -> InternVlSpark.embed(files(), "content", options("vectors", "best")))
        .hasMessage(
            "internvl: option vectors is best, expected one of [class, mean, c, g, states]");
  }

  @Test
  void wrongColumnsAreNamedAtOnce() {
    Map<String, String> options = options("prompt", Demo.QUESTION);
    assertThatThrownBy(() -> InternVlSpark.ask(files(), "nowhere", options))
        .hasMessage(
            "internvl: the table has no column nowhere, expected one of [path, modificationTime,"
                + " length, content]");
    assertThatThrownBy(() -> InternVlSpark.ask(files(), "length", options))
        .hasMessage(
            "internvl: column length is bigint, expected binary (files), string (paths) or an array"
                + " of either");
    Dataset<Row> twice = files().withColumnRenamed("length", "Answer");
    assertThatThrownBy(() -> InternVlSpark.ask(twice, "content", options))
        .hasMessage("internvl: the table has a column answer already; rename it");
    assertThat(InternVlSpark.ask(files(), "Content", options).columns()).contains("answer");
  }

  @Test
  void rowsWithoutPicturesAreRowsThatFail() {
    StructType type = new StructType().add("path", DataTypes.StringType);
    Dataset<Row> table =
        spark.createDataFrame(
            Arrays.asList(
                RowFactory.create((Object) null),
                RowFactory.create("/no/such.png"),
                RowFactory.create("hdfs://host/a.png"),
                RowFactory.create("file:///no/such%20one.png")),
            type);
    assertThat(
            InternVlSpark.ask(table, "path", options("prompt", "x"))
                .select("error.message")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0)))
        .containsExactly(
            "picture: is null, expected bytes or a path",
            "/no/such.png: there is no such file",
            "picture: hdfs://host/a.png is no file of this machine; give the bytes that binaryFile"
                + " reads",
            "/no/such one.png: there is no such file");
  }

  @Test
  void pathsMayHaveUnusualLetters() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("unusual"));
    for (String name : List.of("a b.png", "a%20b.png", "#1?.png", "ä.png")) {
      Files.copy(pictures.resolve("00000.png"), folder.resolve(name));
    }
    Dataset<Row> table =
        spark
            .read()
            .format("binaryFile")
            .load(folder.toString())
            .selectExpr("path", "_metadata.file_path as address");
    Map<String, String> options = options("prompt", Demo.QUESTION);
    for (String column : List.of("path", "address")) {
      assertThat(InternVlSpark.ask(table, column, options).where("error is null").count())
          .isEqualTo(4);
    }
  }

  @Test
  void accumulatorsCount() throws Exception {
    Map<String, String> options = options("prompt", Demo.QUESTION);
    Row sums =
        InternVlSpark.ask(files(), "content", options)
            .selectExpr("sum(tiles)", "sum(prompt_tokens)", "sum(new_tokens)")
            .first();
    Dataset<Row> asked = InternVlSpark.ask(files(), "content", options);
    assertThat(LocalSpark.counted(spark, asked::collectAsList))
        .isEqualTo(
            Map.of(
                "internvl.rows", (long) ROWS,
                "internvl.failed", 1L,
                "internvl.tiles", sums.getLong(0),
                "internvl.prompt_tokens", sums.getLong(1),
                "internvl.new_tokens", sums.getLong(2)));
  }
}
