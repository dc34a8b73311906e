package org.internvl4j.spark;

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
/// Arguments: folder for the cluster's files, and two folders of pictures for each executor: as
/// many as it warms up with, and as many as it is measured by. Each executor has a core of its own.
final class ClusterRun {
  private static final String FLAGS =
      "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED"
          + " --sun-misc-unsafe-memory-access=allow -XX:+UseSerialGC";

  /// Tasks of an executor. As many files as another each, if a task may be as large as it likes:
  /// Spark counts 4 MiB on top of a file's bytes.
  private static final int TASKS = 16;

  private ClusterRun() {}

  public static void main(String[] args) throws Exception {
    Path folder = Files.createDirectories(Path.of(args[0]));
    int executors = (args.length - 1) / 2;
    String[] warm = new String[executors];
    String[] measured = new String[executors];
    for (int i = 0; i < executors; i++) {
      warm[i] = args[1 + 2 * i];
      measured[i] = args[2 + 2 * i];
    }
    Path model = Demo.model(folder.resolve("model"));
    try (Cluster cluster = Cluster.start(folder, 0, 1)) {
      for (int core = 0; core < executors; core++) {
        cluster.addPinned(core);
      }
      run(cluster, model, warm, measured);
    }
  }

  private static void run(Cluster cluster, Path model, String[] warm, String[] measured)
      throws IOException {
    try (SparkSession spark =
        cluster
            .session(FLAGS)
            .config("spark.sql.files.minPartitionNum", (long) TASKS * warm.length)
            .config("spark.sql.files.maxPartitionBytes", "1t")
            .getOrCreate()) {
      long done = ask(spark.read().format("binaryFile").load(warm), model);
      tell(done, 0);
      long start = System.nanoTime();
      done += ask(spark.read().format("binaryFile").load(measured), model);
      tell(done, (System.nanoTime() - start) * 1e-9);
    }
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
