package org.internvl4j.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/// Answers on a cluster of this machine, measured: rows done, seconds and no memory, a line behind
/// the rows in which executors warm up, from which seconds count, and one at the end.
///
/// Arguments: folder of pictures, folder for the cluster's files, executors, each of which has a
/// core of its own, rows that each of them warms up with, rows that are measured.
final class ClusterRun {
  private static final String FLAGS =
      "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
          + " --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC";

  /// What a file counts on top of its bytes when tasks are made of files: a task each, else.
  private static final String FEW_TASKS = "spark.sql.files.openCostInBytes";

  private ClusterRun() {}

  public static void main(String[] args) throws Exception {
    Path folder = Files.createDirectories(Path.of(args[1]));
    int executors = Integer.parseInt(args[2]);
    int warm = executors * Integer.parseInt(args[3]);
    int rows = Integer.parseInt(args[4]);
    Path model = Demo.model(folder.resolve("model"));
    try (Cluster cluster = Cluster.start(folder, 0, 1)) {
      for (int core = 0; core < executors; core++) {
        cluster.addPinned(core);
      }
      run(cluster, Path.of(args[0]), model, executors, warm, rows);
    }
  }

  private static void run(
      Cluster cluster, Path pictures, Path model, int executors, int warm, int rows)
      throws IOException {
    try (SparkSession spark = cluster.session(FLAGS).config(FEW_TASKS, "0").getOrCreate()) {
      Dataset<Row> all =
          spark
              .read()
              .format("binaryFile")
              .load(pictures.toString())
              .withColumn("number", expr("int(regexp_extract(path, '(\\\\d+)[.]png', 1))"));
      Dataset<Row> first = spread(all.filter(col("number").lt(warm)), executors);
      Dataset<Row> rest =
          spread(all.filter(col("number").between(warm, warm + rows - 1)), executors);
      long done = ask(first, model);
      tell(done, 0);
      long start = System.nanoTime();
      done += ask(rest, model);
      tell(done, (System.nanoTime() - start) * 1e-9);
    }
  }

  /// Four partitions an executor.
  private static Dataset<Row> spread(Dataset<Row> rows, int executors) {
    return rows.repartition(4 * executors);
  }

  private static long ask(Dataset<Row> rows, Path model) {
    Map<String, String> options = Map.of("model", model.toString(), "prompt", Demo.QUESTION);
    return InternVlSpark.ask(rows, "content", options)
        .filter("error is null and answer is not null")
        .count();
  }

  private static void tell(long rows, double seconds) {
    System.out.printf(Locale.ROOT, "%d %.3f 0.0%n", rows, seconds);
  }
}
