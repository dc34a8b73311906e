package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An executor whose JVM was not given the Vector API.
class PlainExecutorTest {
  @TempDir private static Path temp;

  @Test
  void answersTheSameAndSaysOnceWhatItLacks() throws Exception {
    Path model = Demo.model(temp.resolve("model"));
    Path pictures = Demo.pictures(temp.resolve("pictures"), 8);
    Map<String, String> wanted = Demo.batch(model, pictures, temp.resolve("wanted.jsonl"));
    Map<String, String> options = Map.of("model", model.toString(), "prompt", Demo.QUESTION);
    try (Cluster cluster = Cluster.start(temp, javaWithoutVectors(), 1, 1);
        SparkSession spark = cluster.session("--enable-native-access=ALL-UNNAMED").getOrCreate()) {
      Dataset<Row> files = spark.read().format("binaryFile").load(pictures.toString());
      assertThat(Demo.answers(InternVlSpark.ask(files, "content", options))).isEqualTo(wanted);
      InternVlSpark.embed(files, "content", Map.of("model", model.toString())).collectAsList();
      assertThat(cluster.executorLogs())
          .singleElement()
          .asString()
          .containsOnlyOnce("Vector API")
          .contains(
              "internvl: this executor has no Vector API and computes with plain loops, slowly; add"
                  + " --add-modules=jdk.incubator.vector to spark.executor.extraJavaOptions");
    }
  }

  /// Spark's own flags have the Vector API: a Java that does not hear of it.
  private static Path javaWithoutVectors() throws Exception {
    Path java = Files.createDirectories(temp.resolve("java/bin")).resolve("java");
    Files.writeString(
        java,
        """
        #!/bin/sh
        for flag do
          shift
          [ "$flag" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$flag"
        done
        exec '%s/bin/java' "$@"
        """
            .formatted(System.getProperty("java.home")));
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwx------"));
    return temp.resolve("java");
  }
}
