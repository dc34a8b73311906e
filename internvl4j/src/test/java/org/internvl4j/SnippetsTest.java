package org.internvl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Compiles every Java example of the pages that people read.
class SnippetsTest {
  private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @TempDir private Path out;

  @TestFactory
  List<DynamicTest> everyJavaExampleCompiles() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (Path page : pages()) {
      List<String> snippets =
          SNIPPET.matcher(Files.readString(page)).results().map(MatchResult::group).toList();
      for (int i = 0; i < snippets.size(); i++) {
        String code = snippets.get(i).replaceAll("^```java\n|```$", "");
        tests.add(
            DynamicTest.dynamicTest(
                page.getFileName() + " " + (i + 1), () -> assertThat(errors(code)).isEmpty()));
      }
    }
    assertThat(tests).isNotEmpty();
    return tests;
  }

  private static List<Path> pages() throws IOException {
    Path home = Path.of(System.getProperty("internvl4j.home"));
    try (Stream<Path> docs = Files.walk(home.resolve("docs"))) {
      return Stream.concat(Stream.of(home.resolve("README.md")), docs)
          .filter(p -> p.toString().endsWith(".md") && !p.endsWith("SPARK.md")) // run by its module
          .sorted()
          .toList();
    }
  }

  private String errors(String code) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter errors = new StringWriter();
    compiler
        .getTask(
            errors,
            null,
            null,
            List.of(
                "-d",
                out.toString(),
                "-proc:none",
                "-classpath",
                System.getProperty("java.class.path")),
            null,
            List.of(new Source(code)))
        .call();
    return errors.toString();
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String code;

    Source(String code) {
      super(URI.create("string:///Snippet.java"), JavaFileObject.Kind.SOURCE);
      this.code = code;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return code;
    }
  }
}
