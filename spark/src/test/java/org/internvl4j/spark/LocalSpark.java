package org.internvl4j.spark;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.sql.SparkSession;

/// Spark in this JVM.
final class LocalSpark {
  private LocalSpark() {}

  /// @param temp where its files go
  static SparkSession session(Path temp) {
    return SparkSession.builder()
        .master("local[2]")
        .appName("internvl")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", temp.resolve("warehouse").toString())
        .getOrCreate();
  }

  /// What accumulators counted while something ran, by name.
  static Map<String, Long> counted(SparkSession spark, Runnable work) throws Exception {
    Map<Long, Map.Entry<String, Long>> last = new ConcurrentHashMap<>();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onStageCompleted(SparkListenerStageCompleted stage) {
            scala.jdk.javaapi.CollectionConverters.asJava(stage.stageInfo().accumulables())
                .values()
                .stream()
                .filter(found -> found.name().getOrElse(() -> "").startsWith("internvl."))
                .forEach(found ->
                    last.put(
                        found.id(),
                        Map.entry(
                            found.name().get(), Long.parseLong(found.value().get().toString()))));
          }
        };
    spark.sparkContext().addSparkListener(listener);
    work.run();
    spark.sparkContext().listenerBus().waitUntilEmpty();
    spark.sparkContext().removeSparkListener(listener);
    Map<String, Long> sums = new TreeMap<>();
    last.values().forEach(entry -> sums.merge(entry.getKey(), entry.getValue(), Long::sum));
    return sums;
  }
}
