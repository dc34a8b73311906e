package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.SparkStatusTracker;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.internvl4j.testkit.Effort;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Option;

/// A standalone cluster answers what a batch answers, also if tasks run twice or a worker dies.
class ClusterTest {
  private static final int ROWS = Effort.isWhole() ? 2_000 : 120;

  @TempDir private static Path temp;

  private static Path model;
  private static Path pictures;
  private static Map<String, String> wanted;
  private static Cluster cluster;
  private static SparkSession spark;

  @BeforeAll
  static void start() throws Exception {
    model = Demo.model(temp.resolve("model"));
    pictures = Demo.pictures(temp.resolve("pictures"), ROWS);
    wanted = Demo.batch(model, pictures, temp.resolve("wanted.jsonl"));
    cluster = Cluster.start(temp, 2, 1);
    Archive.of(model, temp.resolve("demo.zip"));
    spark =
        cluster
            .session(
                "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
                    + " --sun-misc-unsafe-memory-access=allow")
            .config("spark.speculation", "true") // and eagerly
            .config("spark.speculation.interval", "10ms")
            .config("spark.speculation.multiplier", "1")
            .config("spark.speculation.quantile", "0.1")
            .config("spark.speculation.minTaskRuntime", "0ms")
            .config("spark.archives", temp.resolve("demo.zip") + "#shipped")
            .getOrCreate();
  }

  @AfterAll
  static void end() throws Exception {
    if (spark != null) {
      spark.stop();
    }
    if (cluster != null) {
      cluster.close();
    }
  }

  private static Dataset<Row> files() {
    return spark.read().format("binaryFile").load(pictures.toString());
  }

  private static Map<String, String> options() {
    return Map.of("model", model.toString(), "prompt", Demo.QUESTION);
  }

  @Test
  void answersAreThoseOfABatch() throws Exception {
    assertThat(Demo.answers(InternVlSpark.ask(files(), "content", options()))).isEqualTo(wanted);
    assertThat(cluster.executorLogs())
        .noneMatch(log -> log.contains("Vector API"))
        .anyMatch(log -> log.contains("internvl: model is open"));
  }

  @Test
  void aModelMayBeAnArchiveOfTheApplication() throws Exception {
    assertThat(Demo.answers(InternVlSpark.ask(files(), "content", ofArchive("shipped"))))
        .isEqualTo(wanted);
  }

  /// Spark keeps what sessions that are isolated add from executors.
  @Test
  void aModelMayBeAnArchiveThatIsAdded() throws Exception {
    SparkSession open =
        SparkSession.builder().config("spark.sql.artifact.isolation.enabled", "false").create();
    Archive.of(model, temp.resolve("later.zip"));
    open.sql("ADD ARCHIVE '" + temp.resolve("later.zip") + "#added'");
    Dataset<Row> files = open.read().format("binaryFile").load(pictures.toString());
    assertThat(Demo.answers(InternVlSpark.ask(files, "content", ofArchive("added"))))
        .isEqualTo(wanted);
  }

  private static Map<String, String> ofArchive(String name) {
    return Map.of("model", name, "prompt", Demo.QUESTION);
  }

  @Test
  void aWorkerThatDiesIsMadeUpFor() throws Exception {
    Dataset<Row> paths = files().select("path").repartition(12);
    CompletableFuture<Map<String, String>> running =
        CompletableFuture.supplyAsync(
            () -> Demo.answers(InternVlSpark.ask(paths, "path", options())));
    while (!running.isDone() && !isInTheMidst()) {
      Thread.sleep(10);
    }
    assertThat(running).isNotDone();
    cluster.kill(0);
    cluster.addWorker(1);
    assertThat(running.get()).isEqualTo(wanted);
  }

  /// Whether some of the tasks that run now have ended, and others have not.
  private static boolean isInTheMidst() {
    SparkStatusTracker tracker = spark.sparkContext().statusTracker();
    for (int id : tracker.getActiveStageIds()) {
      Option<SparkStageInfo> stage = tracker.getStageInfo(id);
      if (stage.isDefined()
          && stage.get().numCompletedTasks() > 0
          && stage.get().numCompletedTasks() < stage.get().numTasks() - 2) {
        return true;
      }
    }
    return false;
  }

  @Test
  void sqlAsksTheSame() {
    InternVlSpark.register(spark, Map.of("model", model.toString()));
    files().createOrReplaceTempView("pictures");
    Dataset<Row> asked =
        spark.sql(
            "select path, said.answer, said.error from (select path, internvl_ask(content, '"
                + Demo.QUESTION
                + "') as said from pictures)");
    assertThat(Demo.answers(asked)).isEqualTo(wanted);
  }
}
