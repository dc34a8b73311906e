package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.tools.ToolProvider;
import org.apache.spark.deploy.SparkSubmitArguments;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.jdk.javaapi.CollectionConverters;

/// What `docs/SPARK.md` says is so: its Java and its SQL run, its tables are complete.
class GuideTest {
  private static final int ROWS = 8; // one is no picture

  @TempDir private static Path temp;

  private static SparkSession spark;
  private static Path model;
  private static Path pictures;

  @BeforeAll
  static void start() throws Exception {
    model = Demo.model(temp.resolve("model"));
    pictures = Demo.pictures(temp.resolve("pictures"), ROWS);
    spark = LocalSpark.session(temp);
  }

  @AfterAll
  static void end() {
    spark.stop();
  }

  @Test
  void javaRunsAndThenSql() throws Exception {
    Path described = temp.resolve("described");
    run(
        Guide.block(
            "java",
            Map.of(
                "/models/InternVL3-1B", model.toString(),
                "/data/photos", pictures.toString(),
                "/data/described", described.toString())));
    Dataset<Row> answers = spark.read().parquet(described.toString());
    assertThat(answers.where("length(answer) > 0 and error is null").count()).isEqualTo(ROWS - 1);
    List<String> statements =
        List.of(Guide.block("sql", Map.of("'the red circle'", "'the red circle'")).split(";", -1));
    List<Integer> rows =
        statements.stream()
            .filter(statement -> !statement.isBlank())
            .map(statement -> spark.sql(statement).collectAsList().size())
            .toList();
    assertThat(rows).hasSize(4).startsWith(ROWS - 1, ROWS).endsWith(ROWS);
  }

  /// Compiles a program and calls its `main`, as `java Snippet.java` does.
  private static void run(String program) throws Exception {
    Path folder = Files.createDirectories(temp.resolve("snippet"));
    Path source = folder.resolve("Snippet.java");
    Files.writeString(source, program);
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                source.toString());
    assertThat(failed).isZero();
    URL[] urls = {folder.toUri().toURL()};
    try (URLClassLoader loader = new URLClassLoader(urls, GuideTest.class.getClassLoader())) {
      Class<?> type = loader.loadClass("Snippet");
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      Method main = type.getDeclaredMethod("main");
      main.setAccessible(true);
      main.invoke(constructor.newInstance());
    }
  }

  @Test
  void theCommandIsSparks() throws Exception {
    List<String> command = Guide.command("spark-submit", Map.of("VERSION", "0.1.0"));
    SparkSubmitArguments parsed =
        new SparkSubmitArguments(
            CollectionConverters.asScala(command.subList(1, command.size())).toSeq(),
            scala.collection.immutable.Map$.MODULE$.from(
                CollectionConverters.asScala(Map.<String, String>of())));
    assertThat(parsed.primaryResource()).endsWith("ask.py");
    assertThat(parsed.packages()).isEqualTo("org.internvl4j:internvl4j-spark:0.1.0");
    assertThat(parsed.sparkProperties().get("spark.executor.memoryOverhead").get()).isEqualTo("6g");
  }

  @Test
  void everyOptionIsInItsTable() throws IOException {
    Map<String, Set<String>> told = new TreeMap<>();
    for (List<String> row : Guide.table("Options")) {
      String of = row.get(1).replace("`", "");
      told.computeIfAbsent(of, _ -> new TreeSet<>()).addAll(Guide.code(row.getFirst()));
    }
    assertThat(told)
        .isEqualTo(
            Map.of(
                "all", Options.MODEL,
                "answers", Options.ANSWERS,
                "embed", Options.VECTORS,
                "classify", Options.CLASSES));
  }

  @Test
  void everyColumnIsInItsTable() throws IOException {
    List<List<String>> table = Guide.table("Columns");
    List<Job.Kind> kinds = List.of(Job.Kind.ASK, Job.Kind.BOXES, Job.Kind.EMBED, Job.Kind.CLASSIFY);
    assertThat(table).hasSameSizeAs(kinds);
    for (int i = 0; i < kinds.size(); i++) {
      assertThat(Guide.code(table.get(i).get(1)))
          .containsExactly(new Columns(kinds.get(i)).type().fieldNames());
    }
  }
}
