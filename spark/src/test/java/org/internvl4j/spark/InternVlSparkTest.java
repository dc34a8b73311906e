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
    spark =
        SparkSession.builder()
            .master("local[2]")
            .appName("internvl")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.warehouse.dir", temp.resolve("warehouse").toString())
            .getOrCreate();
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

  @Test
  void sqlHasFunctions() {
    InternVlSpark.register(spark, options());
    files().createOrReplaceTempView("pictures");
    Dataset<Row> asked =
        spark.sql(
            "select path, said.answer, said.error from (select path, internvl_ask(content, '"
                + Demo.QUESTION
                + "') as said from pictures)");
    assertThat(Demo.answers(asked)).isEqualTo(wanted);
    assertThat(
            spark
                .sql("select size(internvl_embed(path).embedding) > 10 from pictures limit 1")
                .first()
                .getBoolean(0))
        .isTrue();
    assertThat(
            spark
                .sql(
                    "select internvl_boxes(path, 'the red circle').error is null from pictures limit 1")
                .first()
                .getBoolean(0))
        .isTrue();
    assertThat(
            spark
                .sql("select length(internvl_describe(path).answer) > 0 from pictures limit 1")
                .first()
                .getBoolean(0))
        .isTrue();
  }

  @Test
  void wrongOptionsAreNamedAtOnce() {
    Dataset<Row> table = files();
    assertThatThrownBy(() -> InternVlSpark.ask(table, "content", Map.of("prompt", "x")))
        .hasMessageContaining("option model is missing");
    assertThatThrownBy(() -> InternVlSpark.ask(table, "content", options("promt", "x")))
        .hasMessageContaining("option promt is not known, expected one of [device");
    assertThatThrownBy(() -> InternVlSpark.ask(table, "content", options("max_tokens", "many")))
        .hasMessage("internvl: option max_tokens is many, expected a whole number of at least 1");
    assertThatThrownBy(() -> InternVlSpark.embed(table, "content", options("vectors", "best")))
        .hasMessageContaining("option vectors is best, expected one of [class, mean");
    assertThatThrownBy(() -> InternVlSpark.ask(table, "nowhere", options("prompt", "x")))
        .hasMessageContaining("nowhere");
    Dataset<Row> twice = table.withColumnRenamed("length", "answer");
    assertThatThrownBy(() -> InternVlSpark.ask(twice, "content", options("prompt", "x")))
        .hasMessage("internvl: the table has a column answer already; rename it");
  }

  @Test
  void rowsWithoutPicturesAreRowsThatFail() {
    StructType type =
        new StructType().add("path", DataTypes.StringType).add("n", DataTypes.IntegerType);
    Dataset<Row> table =
        spark.createDataFrame(
            Arrays.asList(RowFactory.create(null, 1), RowFactory.create("/no/such.png", 2)), type);
    List<Row> rows =
        InternVlSpark.ask(table, "path", options("prompt", "x"))
            .select("error.message")
            .collectAsList();
    assertThat(rows.get(0).getString(0)).isEqualTo("picture: is null, expected bytes or a path");
    assertThat(rows.get(1).getString(0)).isEqualTo("/no/such.png: there is no such file");
    List<Row> numbers =
        InternVlSpark.ask(table, "n", options("prompt", "x"))
            .select("error.message")
            .collectAsList();
    assertThat(numbers.get(0).getString(0))
        .isEqualTo("picture: is Integer, expected bytes or a path");
    assertThat(Files.exists(model)).isTrue();
  }
}
