package org.internvl4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The Python of `docs/SPARK.md`, submitted to a cluster with the command of `docs/SPARK.md`.
class PySparkTest {
  private static final String PYTHON =
      Objects.requireNonNullElse(System.getenv("PYSPARK_PYTHON"), "python3");

  @TempDir private static Path temp;

  @BeforeAll
  static void assumePySpark() throws Exception {
    assumeTrue(hasPySpark(), PYTHON + " has no pyspark; PYSPARK_PYTHON names one that has");
  }

  private static boolean hasPySpark() throws InterruptedException {
    try {
      Process python = start(List.of(PYTHON, "-c", "import pyspark"));
      text(python);
      return python.waitFor() == 0;
    } catch (IOException e) {
      return false; // no such program
    }
  }

  private static Process start(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("PYSPARK_PYTHON", PYTHON);
    return builder.directory(temp.toFile()).start();
  }

  private static String text(Process process) throws IOException {
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void theGuidesScriptAnswersWhatABatchAnswers() throws Exception {
    Path model = Demo.model(temp.resolve("model"));
    Path pictures = Demo.pictures(temp.resolve("pictures"), 8);
    Map<String, String> wanted = Demo.batch(model, pictures, temp.resolve("wanted.jsonl"));
    Map<String, String> places =
        Map.of(
            "/models/InternVL3-1B", model.toString(),
            "/data/photos", pictures.toString(),
            "/data/answers", temp.resolve("answers").toString(),
            "/data/named", temp.resolve("named").toString());
    Path script = Files.writeString(temp.resolve("ask.py"), Guide.block("python", places));
    try (Cluster cluster = Cluster.start(temp, 1, 1)) {
      Process submit = start(command(cluster, script));
      String said = text(submit);
      assertThat(submit.waitFor()).as(said).isZero();
    }
    assertThat(answers(temp.resolve("answers"))).isEqualTo(wanted);
    assertThat(answers(temp.resolve("named"))).containsOnlyKeys(wanted.keySet());
  }

  /// The guide's, as large as a test's cluster is.
  private static List<String> command(Cluster cluster, Path script) throws IOException {
    String jars =
        SparkHome.packages(temp.resolve("packages")).stream()
            .map(Path::toString)
            .collect(Collectors.joining(","));
    List<String> command =
        new ArrayList<>(
            Guide.command(
                "spark-submit",
                Map.of(
                    "spark://HOST:7077",
                    cluster.url(),
                    "--packages org.internvl4j:internvl4j-spark:VERSION",
                    "--jars " + jars,
                    "spark.executor.cores=4",
                    "spark.executor.cores=1",
                    "spark.executor.memory=2g",
                    "spark.executor.memory=1g",
                    "ask.py",
                    script.toString())));
    command.set(0, cluster.home().resolve("bin/spark-submit").toString());
    command.addAll(1, List.of("--conf", "spark.driver.host=127.0.0.1"));
    command.addAll(1, List.of("--conf", "spark.ui.enabled=false"));
    return command;
  }

  /// By file name, of lines of JSON.
  private static Map<String, String> answers(Path folder) throws IOException {
    Map<String, String> answers = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
        for (String line : Files.readAllLines(file)) {
          Json row = Json.parse(line.getBytes(StandardCharsets.UTF_8), "row");
          String path = row.getText("path");
          answers.put(
              path.substring(path.lastIndexOf('/') + 1),
              row.has("answer") ? row.getText("answer") : row.getText("code"));
        }
      }
    }
    return answers;
  }
}
