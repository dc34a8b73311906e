package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.internvl4j.loader.json.Json;
import org.internvl4j.parquet.Column;
import org.internvl4j.parquet.Column.Kind;
import org.internvl4j.parquet.ParquetReader;
import org.internvl4j.parquet.ParquetWriter;
import org.internvl4j.parquet.WriteOptions;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every command and example of `docs/BATCH.md` is run, on pictures of the demo.
class BatchPageTest {
  private static final Pattern COMMAND =
      Pattern.compile("^    (?:(find .*) \\| )?internvl (batch .*)$", Pattern.MULTILINE);
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TempDir private Path temp;

  @BeforeEach
  void lay() throws IOException {
    for (String folder : List.of("photos/more", "scans/2026")) {
      Files.createDirectories(temp.resolve(folder));
    }
    Path shapes = Path.of(Cli.sample("shapes.png"));
    Files.copy(shapes, temp.resolve("photos/a.png"));
    Files.copy(shapes, temp.resolve("photos/more/b.png"));
    Files.copy(Path.of(Cli.sample("number.png")), temp.resolve("scans/2026/c.png"));
    Files.copy(shapes, temp.resolve("a.png"));
    Files.writeString(
        temp.resolve("rows.jsonl"),
        "{\"id\": \"a\", \"images\": [\"a.png\"], \"prompt\": \"What is it?\"}\n");
    Files.writeString(
        temp.resolve("form.json"),
        "{\"type\": \"object\", \"properties\": {\"n\": {\"enum\": [1, 2, 3]}}, \"required\": [\"n\"]}");
    List<Column> columns =
        List.of(Column.required("key", Kind.STRING), Column.required("photo", Kind.BINARY));
    for (int i = 0; i < 2; i++) {
      try (OutputStream out =
          Files.newOutputStream(temp.resolve("train-%d.parquet".formatted(i)))) {
        ParquetWriter writer = new ParquetWriter(out, "train", columns, WriteOptions.DEFAULT);
        writer.write("key " + i, Files.readAllBytes(shapes));
        writer.finish();
      }
    }
  }

  private static String page() throws IOException {
    return Files.readString(Fixtures.home().resolve("docs/BATCH.md"));
  }

  @TestFactory
  List<DynamicTest> everyCommandGivesItsRows() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (MatchResult command : COMMAND.matcher(page()).results().toList()) {
      tests.add(DynamicTest.dynamicTest(command.group().strip(), () -> run(command)));
    }
    assertThat(tests).hasSizeGreaterThan(8);
    return tests;
  }

  private void run(MatchResult command) throws IOException {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(command.group(2));
    while (word.find()) {
      words.add(here(word.group(1) == null ? word.group(2) : word.group(1)));
    }
    String stdin =
        command.group(1) == null
            ? ""
            : temp.resolve("photos/a.png") + "\n" + temp.resolve("photos/more/b.png") + "\n";
    Cli.Result result = Cli.withInput(stdin, words.toArray(String[]::new));
    assertThat(result.err()).contains("0 of those done now failed");
    assertThat(result.code()).isZero();
    assertThat(rows(Path.of(words.get(words.indexOf("-o") + 1)))).isBetween(1L, 2L);
  }

  /// A word of a command, where the test has its files.
  private String here(String word) {
    return switch (word) {
      case "OpenGVLab/InternVL-14B-224px" -> Cli.fixture("internvl-14b-224px").toString();
      case String name when name.matches("(photos|scans)/.*|\\S+\\.(jsonl?|parquet)") ->
          temp + "/" + name;
      default -> word;
    };
  }

  private static long rows(Path out) throws IOException {
    if (out.toString().endsWith(".parquet")) {
      try (ParquetReader reader = ParquetReader.open(out)) {
        return reader.rowCount();
      }
    }
    List<String> lines = Files.readAllLines(out);
    lines.forEach(line -> Json.parse(line.getBytes(StandardCharsets.UTF_8), "row"));
    return lines.size();
  }

  @Test
  void theExampleGivesItsRows() throws Exception {
    Matcher example = EXAMPLE.matcher(page());
    assertThat(example.find()).isTrue();
    String code =
        example
            .group(1)
            .replace(
                "Checkpoint.open(Path.of(\"models/InternVL2-1B\"))",
                "org.internvl4j.demo.DemoModel.checkpoint()")
            .replace("Path.of(\"photos", "Path.of(\"" + temp + "/photos");
    assertThat(code).contains("DemoModel", temp.toString());
    StringWriter errors = new StringWriter();
    ToolProvider.getSystemJavaCompiler()
        .getTask(
            errors,
            null,
            null,
            List.of(
                "-d", temp.toString(), "-proc:none", "-cp", System.getProperty("java.class.path")),
            null,
            List.of(new Source(code)))
        .call();
    assertThat(errors.toString()).isEmpty();
    try (URLClassLoader classes =
        new URLClassLoader(new URL[] {temp.toUri().toURL()}, getClass().getClassLoader())) {
      Class<?> main = classes.loadClass("Example");
      var constructor = main.getDeclaredConstructor();
      constructor.setAccessible(true);
      var method = main.getDeclaredMethod("main");
      method.setAccessible(true);
      method.invoke(constructor.newInstance());
    }
    assertThat(rows(temp.resolve("photos.parquet"))).isEqualTo(2);
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String code;

    Source(String code) {
      super(URI.create("string:///Example.java"), JavaFileObject.Kind.SOURCE);
      this.code = code;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return code;
    }
  }
}
