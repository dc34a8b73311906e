package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.TaskContext$;
import org.apache.spark.TaskContextImpl;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/// Who opens models, who shares them, and when they are let go.
class ModelTest {
  @TempDir private static Path temp;

  private static Path pictures;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws Exception {
    pictures = Demo.pictures(temp.resolve("pictures"), 7);
    spark = LocalSpark.session(temp);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  private static Dataset<Row> files() {
    return spark.read().format("binaryFile").load(pictures.toString());
  }

  /// Of a model that no other test has.
  private static Map<String, String> options(String folder) throws Exception {
    Map<String, String> options = new HashMap<>();
    options.put("model", Demo.model(temp.resolve(folder)).toString());
    options.put("threads", "1");
    return options;
  }

  private static long errors(Dataset<Row> asked) {
    return asked.where("error is not null").count();
  }

  @Test
  void allTasksShareOne() throws Exception {
    int before = Model.openParts();
    Map<String, String> options = options("shared");
    assertThat(errors(InternVlSpark.describe(files(), "content", options))).isZero();
    assertThat(errors(InternVlSpark.boxes(files(), "content", "the red circle", options))).isZero();
    options.put("prompt", Demo.QUESTION);
    assertThat(errors(InternVlSpark.ask(files(), "content", options))).isZero();
    options.remove("prompt");
    options.put("vectors", "states");
    assertThat(errors(InternVlSpark.embed(files(), "content", options))).isZero();
    assertThat(Model.openParts()).isEqualTo(before + 1);
    options.put("vectors", "class");
    assertThat(errors(InternVlSpark.embed(files(), "content", options))).isZero();
    options.put("vectors", "mean");
    assertThat(errors(InternVlSpark.embed(files(), "content", options))).isZero();
    assertThat(Model.openParts()).isEqualTo(before + 2);
  }

  @Test
  void nothingIsOpenedForPartitionsWithoutRows() {
    Dataset<Row> none = files().where("length < 0").repartition(3);
    assertThat(
            InternVlSpark.ask(none, "content", Map.of("model", "/no/such/model", "prompt", "x"))
                .collectAsList())
        .isEmpty();
  }

  @Test
  void oneThatFailedIsNotUsedAgain() throws Exception {
    Map<String, String> options = options("failing");
    options.put("prompt", Demo.QUESTION);
    Dataset<Row> asked = InternVlSpark.ask(files(), "content", options);
    assertThat(errors(asked)).isZero();
    Job job = Job.asking(options);
    Model.enter(job.options()).worker(job).close();
    assertThatThrownBy(() -> errors(asked)).hasMessageContaining("internvl: the model failed");
    assertThat(errors(asked)).isZero();
  }

  @Test
  void rowsThatAreUnderWayAreGivenUpWithTheirTask() throws Exception {
    Map<String, String> options = options("ended");
    options.put("prompt", Demo.QUESTION);
    TaskContextImpl task = TaskContext$.MODULE$.empty();
    Iterator<Row> endless =
        Stream.generate(() -> RowFactory.create(pictures.resolve("00001.png").toString()))
            .iterator();
    Answers answers =
        new Answers(
                endless, new Pictures(0), Job.asking(options), Counters.of(spark.sparkContext()), 4)
            .within(task);
    assertThat(answers.next().get(1)).isInstanceOf(String.class);
    task.markTaskCompleted(Option.empty());
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 5; i++) { // those that are done already, and one
                Row _ = answers.next();
              }
            })
        .isInstanceOf(TaskKilledException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
