package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The functions of SQL, in one JVM.
class FunctionsTest {
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
    spark.read().format("binaryFile").load(pictures.toString()).createOrReplaceTempView("pictures");
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  @BeforeEach
  void register() {
    InternVlSpark.register(spark, Map.of("model", model.toString(), "threads", 1));
  }

  private static Row first(String sql) {
    return spark.sql(sql).first();
  }

  @Test
  void answersAreThoseOfABatch() {
    Dataset<Row> asked =
        spark.sql(
            "select path, said.answer, said.error from (select path, internvl_ask(content, '"
                + Demo.QUESTION
                + "') as said from pictures)");
    assertThat(Demo.answers(asked)).isEqualTo(wanted);
  }

  @Test
  void everyTaskHasAFunction() {
    assertThat(first("select size(internvl_embed(path).embedding) from pictures").getInt(0))
        .isGreaterThan(10);
    Row boxes = first("select internvl_boxes(path, 'the red circle') from pictures").getStruct(0);
    assertThat(boxes.<Object>getAs("error")).isNull();
    assertThat(boxes.<Object>getAs("regions")).isNotNull();
    assertThat(first("select length(internvl_describe(path).answer) from pictures").getInt(0))
        .isPositive();
  }

  @Test
  void classesAreOfEachRow() {
    Map<String, Object> options = new HashMap<>(); // as Python gives them
    options.put("model", Fixtures.folder("internvl-14b-224px").toString());
    options.put("top", 2);
    options.put("oriented", true);
    InternVlSpark.register(spark, options);
    int parts = Model.openParts();
    assertThat(
            spark
                .sql(
                    "select transform(internvl_classify(path, array('a', cast(length as string), 'b')).classes, c -> c.class) from pictures limit 5")
                .collectAsList())
        .allSatisfy(row -> assertThat(row.getList(0)).hasSize(2));
    assertThat(Model.openParts()).isEqualTo(parts + 1);
    assertThat(
            first("select internvl_classify(path, array()).error.message from pictures")
                .getString(0))
        .isEqualTo("classes: expected at least one name and one template");
    assertThat(
            first("select internvl_classify(path, array('a', null)).error.message from pictures")
                .getString(0))
        .isEqualTo("classes: one is null, expected a text");
  }

  @Test
  void argumentsThatMakeNoSenseAreErrorsOfTheirRow() {
    assertThat(message("internvl_ask(null, 'What is it?')"))
        .isEqualTo("picture: is null, expected bytes or a path");
    assertThat(message("internvl_ask(path, null)"))
        .isEqualTo("row: asks nothing, and there is no prompt for all");
    assertThat(message("internvl_ask(path, 7)")).isEqualTo("prompt is Integer, expected a text");
    assertThat(message("internvl_boxes(path, null)"))
        .isEqualTo("find: what to look for is empty, expected a few words");
    assertThat(message("internvl_ask('s3a://a/b.png', 'What is it?')"))
        .isEqualTo(
            "picture: s3a://a/b.png is no file of this machine; give the bytes that binaryFile"
                + " reads");
  }

  private static String message(String call) {
    return first("select " + call + ".error.message from pictures").getString(0);
  }

  @Test
  void aRowIsComputedOnce() throws Exception {
    Map<String, Long> counted =
        LocalSpark.counted(
            spark,
            () ->
                spark
                    .sql(
                        "select path, said.answer, said.tiles, said.error from (select path, internvl_ask(content, '"
                            + Demo.QUESTION
                            + "') as said from pictures) where said.error is null")
                    .collectAsList());
    assertThat(counted.get("internvl.rows")).isEqualTo(ROWS);
    assertThat(counted.get("internvl.failed")).isEqualTo(1);
  }

  @Test
  void wrongOptionsAreNamedAtOnce() {
    assertThatThrownBy(() -> InternVlSpark.register(spark, Map.of("model", "x", "mode", "z")))
        .hasMessage("internvl: option mode is z, expected one of [c, g]");
    Map<String, Object> none = new HashMap<>();
    none.put("model", "x");
    none.put("seed", null);
    assertThatThrownBy(() -> InternVlSpark.register(spark, none))
        .hasMessage(
            "internvl: option seed is null, expected a value; leave it out for what is usual");
  }
}
