package org.internvl4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Prepared weights as a user meets them: made by the first answer, listed, removed.
class CacheCommandTest {
  private static final String SMALLEST = "internvl4j.cache.smallest";

  @TempDir Path temp;
  private Path model;

  @BeforeEach
  void copy() throws IOException {
    System.setProperty(SMALLEST, "0");
    model = Files.createDirectory(temp.resolve("model"));
    try (Stream<Path> files = Files.list(Cli.fixture("internvl2-1b"))) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(String.valueOf(file.getFileName())));
      }
    }
  }

  @AfterEach
  void restore() {
    System.clearProperty(SMALLEST);
  }

  private Cli.Result run(String... arguments) {
    return Cli.within(Map.of("XDG_CACHE_HOME", temp.resolve("cache").toString()), arguments);
  }

  private String ask(String... more) {
    String[] arguments =
        Stream.concat(
                Stream.of("ask", "-m", model.toString(), "-p", "hello", "--max-tokens", "8", "-q"),
                Stream.of(more))
            .toArray(String[]::new);
    Cli.Result asked = run(arguments);
    assertThat(asked.err()).isEmpty();
    assertThat(asked.code()).isZero();
    return asked.out();
  }

  private Path kept() {
    return model.resolve(".internvl4j");
  }

  @Test
  void answersAreTheSameWithAndWithoutKeptWeights() {
    String answer = ask("--no-cache");
    assertThat(kept()).doesNotExist();
    assertThat(ask()).isEqualTo(answer); // makes the file
    assertThat(kept()).isNotEmptyDirectory();
    assertThat(ask()).isEqualTo(answer); // uses it
    assertThat(ask("--device", "reference", "--weights", "bf16")).isEqualTo(answer);
  }

  @Test
  void listsAndRemoves() {
    assertThat(run("cache", "ls"))
        .isEqualTo(new Cli.Result(0, "", "internvl: no prepared weights are kept\n"));
    ask();
    ask("--weights", "q8");
    Cli.Result listed = run("cache", "ls");
    assertThat(listed.lines())
        .hasSize(2)
        .allSatisfy(
            line -> assertThat(line).startsWith(real() + "  ").contains("iB  ").endsWith("  valid"))
        .anySatisfy(line -> assertThat(line).contains(" q8  "))
        .anySatisfy(line -> assertThat(line).contains(" stored  "));
    assertThat(run("cache", "ls", model.toString()).lines()).hasSize(2);
    Cli.Result removed = run("cache", "rm", model.toString());
    assertThat(removed.code()).isZero();
    assertThat(removed.err()).hasLineCount(2).contains("removed " + real() + "/.internvl4j/");
    assertThat(kept()).doesNotExist();
    assertThat(run("cache", "ls").lines()).isEmpty();
    assertThat(run("cache", "rm", model.toString()).code()).isZero();
  }

  @Test
  void tellsWhatIsStaleDamagedForeignAndLeft() throws IOException {
    ask();
    Path file = files().findFirst().orElseThrow();
    byte[] good = Files.readAllBytes(file);
    Files.write(file, "something else".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    expect("foreign: it is not a file of prepared matrices, or an unfinished one");
    byte[] bad = good.clone();
    bad[bad.length - 1]++;
    Files.write(file, bad);
    expect("damaged: the checksum of its table is wrong");
    Files.write(file, good);
    Files.setLastModifiedTime(model.resolve("model.safetensors"), FileTime.fromMillis(0));
    expect("stale: model.safetensors has changed since it was made");
    Files.move(file, file.resolveSibling(file.getFileName() + ".x.1.tmp"));
    expect("left: the process that wrote it is gone");
    assertThat(run("cache", "ls", "--json").out())
        .startsWith("{\"path\":\"" + real())
        .contains("\"state\":\"left\"");
    assertThat(run("cache", "rm", "--all").code()).isZero();
    assertThat(kept()).doesNotExist();
  }

  private void expect(String state) {
    Cli.Result listed = run("cache", "ls");
    assertThat(listed.code()).isZero();
    assertThat(listed.lines()).singleElement().asString().endsWith("  " + state);
  }

  @Test
  void modelsThatAreGoneAreListedAndRemoved() throws IOException {
    ask();
    for (String file : new String[] {"model.safetensors", "config.json"}) {
      Files.delete(model.resolve(file));
    }
    assertThat(run("cache", "ls").out()).contains("stale: its model cannot be opened: ");
    assertThat(run("cache", "rm", "--all").code()).isZero();
    assertThat(run("cache", "ls").out()).isEmpty();
  }

  private Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(kept())) {
      return files.toList().stream();
    }
  }

  private Path real() {
    try {
      return model.toRealPath();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
