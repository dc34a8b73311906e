package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files of folders and patterns, which nobody reads here.
class FolderTest {
  @TempDir private Path temp;
  @TempDir private Path other;

  private void write(String... names) throws IOException {
    for (String name : names) {
      write(temp.resolve(name));
    }
  }

  private static void write(Path file) throws IOException {
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, "no picture");
  }

  private static Input open(String named) throws IOException {
    return Inputs.open(named, Columns.USUAL, InputStream.nullInputStream());
  }

  private static List<Row> rows(Input input) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (input) {
      for (Row row = input.next(); row != null; row = input.next()) {
        rows.add(row);
      }
    }
    return rows;
  }

  /// Who may read everything starts one who may not.
  @Test
  void aFolderThatMayNotBeReadIsARowThatFails() throws Exception {
    List<String> without = List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search");
    write("a.png", "b/c.png", "d.png");
    Path folder = temp.resolve("b");
    assumeTrue(
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix"),
        "files have no permissions here");
    Files.setPosixFilePermissions(folder, Set.of());
    boolean mayAll = Files.isReadable(folder);
    assumeTrue(!mayAll || exec(without, List.of("true")) == 0, "nobody may read less");
    Path out = other.resolve("out.jsonl");
    try {
      assertThat(exec(mayAll ? without : List.of(), Child.command(temp, out))).isZero();
      List<String> lines = Files.readAllLines(out);
      assertThat(lines).hasSize(3);
      assertThat(lines.get(0)).startsWith("{\"id\":\"a.png\",");
      assertThat(lines.get(1))
          .isEqualTo(
              "{\"id\":\"b\",\"error\":{\"code\":\"input\",\"message\":\"%s: is a folder that cannot be read: permission denied; its pictures are not among the rows\"}}"
                  .formatted(folder));
      assertThat(lines.get(2)).startsWith("{\"id\":\"d.png\",");
      Path fitting = other.resolve("fitting.jsonl"); // a pattern that fits nothing in that folder
      assertThat(exec(mayAll ? without : List.of(), Child.command(temp.resolve("*.png"), fitting)))
          .isZero();
      assertThat(Files.readAllLines(fitting)).containsExactly(lines.get(0), lines.get(2));
    } finally {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static int exec(List<String> within, List<String> command) throws InterruptedException {
    List<String> whole = new ArrayList<>(within);
    whole.addAll(command);
    try {
      return new ProcessBuilder(whole)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return -1;
    }
  }

  @Test
  void aFolderThatIsNotThereEndsTheRun() {
    assertThatThrownBy(() -> Inputs.folder(temp.resolve("none"))).isInstanceOf(IOException.class);
  }

  @Test
  void patternsFitFilesInFolders() throws IOException {
    write("a.png", "b/c.png", "e/f/g.png");
    assertThat(rows(open(temp + "/*.png"))).map(Row::id).containsExactly("a.png");
    assertThat(rows(open(temp + "/*/c.png"))).map(Row::id).containsExactly("b/c.png");
    assertThat(rows(open(temp + "/?/*/*.png"))).map(Row::id).containsExactly("e/f/g.png");
    assertThat(rows(open(temp + "/**.png")))
        .map(Row::id)
        .containsExactly("a.png", "b/c.png", "e/f/g.png");
    assertThat(rows(open(temp + "/{a,e/f/g}.png")))
        .map(Row::id)
        .containsExactly("a.png", "e/f/g.png");
  }

  @Test
  void twoStarsAndASlashStandForNoFolderToo() throws IOException {
    write("a.png", "b/c.png", "e/f/g.png", "e/x.txt");
    assertThat(rows(open(temp + "/**/*.png")))
        .map(Row::id)
        .containsExactly("a.png", "b/c.png", "e/f/g.png");
    assertThat(rows(open(temp + "/e*/**/[f-h].png"))).map(Row::id).containsExactly("e/f/g.png");
    assertThat(rows(open(temp + "/[e]/**/{x,y}.txt"))).map(Row::id).containsExactly("e/x.txt");
    assertThat(rows(open(temp + "/**"))).hasSize(4);
  }

  @Test
  void patternsFitNamesWithLines() throws IOException {
    assumeTrue(FileSystems.getDefault().getSeparator().equals("/"));
    write("a\nb/c\nd.png");
    for (String pattern : List.of("/**", "/**.png", "/*/*.png", "/a?b/**/c?d.png", "/a[\n]b/*")) {
      assertThat(rows(open(temp + pattern))).as(pattern).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      quoteCharacter = '`',
      value = {
        "* a,.b,\u00e4-1 a/b",
        "?.x a.x,\ud83d\ude00.x ab.x,/.x,.x",
        "[a-c]1 a1,c1 d1,-1,B1",
        "[!a-c]1 d1,-1 a1,/1",
        "[]^&\\[-]1 ]1,^1,&1,\\1,[1,-1 a1",
        "{ab,c*}.x ab.x,c.x,cd.x a.x,ab,c/d.x",
        "a**b ab,a/b,acb/b a,b",
        "**/b b,a/b,a/a/b ab,a/ab",
        "a/**/b a/b,a/c/b,a/c/d/b ab,a/cb",
        "\\*(+)$ *(+)$ a(+)$",
        "},a },a a",
      })
  void patternsAreThoseOfShells(String pattern, String fitting, String others) {
    assertThat(fitting.split(",(?!a$)")).allMatch(path -> Glob.of(pattern).matcher(path).matches());
    assertThat(others.split(",")).noneMatch(path -> Glob.of(pattern).matcher(path).matches());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a[    | a[: is no pattern: the [ at character 2 is not closed; put \\ before it if it is a part of a name",
        "[]    | the [ at character 1 is not closed",
        "[b-a] | the [ at character 1 has a range that ends before it begins",
        "x{a,b | the { at character 2 is not closed",
        "{a{b}} | the { at character 3 is inside of another one",
        "*\\  | the \\ at character 2 has nothing behind it",
      })
  void whatIsNoPatternIsSaidInASentence(String pattern, String sentence) throws IOException {
    write("a.png");
    assertThatThrownBy(() -> open(temp + "/" + pattern))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(sentence);
  }

  @Test
  void namesWithBackslashesStayApart() throws IOException {
    assumeTrue(FileSystems.getDefault().getSeparator().equals("/"));
    write("a/b.png", "a\\b.png");
    assertThat(rows(open(temp.toString()))).map(Row::id).containsExactly("a/b.png", "a\\b.png");
  }

  @Test
  void namesThatAreNotUtf8StayApart() throws IOException {
    assumeTrue(FileSystems.getDefault().getSeparator().equals("/"));
    for (String name : List.of("%FE.png", "%FF.png", "%25FF.png", "%E4/a%20b.png", "%C3%A4.png")) {
      write(Path.of(URI.create(temp.toUri() + name)));
    }
    List<Row> rows = rows(open(temp.toString()));
    assertThat(rows)
        .map(Row::id)
        .containsExactlyInAnyOrder(
            "//%FE.png", "//%FF.png", "%FF.png", "//%E4/a%20b.png", "\u00e4.png");
    for (Row row : rows) {
      assertThat(((PictureSource.OfFile) ((Row.Item) row).pictures().getFirst()).file()).exists();
    }
  }

  @Test
  void rowsOfFilesThatAreCalledAlikeStayApart() throws IOException {
    String line = "{\"images\": [\"a.png\"]}\n";
    for (String file : List.of("a/x.jsonl", "b/x.jsonl", "y.jsonl")) {
      write(file);
      Files.writeString(temp.resolve(file), line + line);
    }
    assertThat(rows(open(temp + "/**.jsonl")))
        .map(Row::id)
        .containsExactly(
            "a/x.jsonl:1", "a/x.jsonl:2", "b/x.jsonl:1", "b/x.jsonl:2", "y.jsonl:1", "y.jsonl:2");
    assertThat(rows(open(temp + "/a/*.jsonl")))
        .map(Row::id)
        .containsExactly("x.jsonl:1", "x.jsonl:2");
  }

  @Test
  void whatNamesTheSameIsCalledTheSame() throws IOException {
    write("photos/a.png");
    assertThat(Inputs.name(temp + "/photos/")).isEqualTo(temp + "/photos");
    assertThat(Inputs.name(temp + "/photos//")).isEqualTo(temp + "/photos");
    assertThat(Inputs.name(temp + "//photos")).isEqualTo(temp + "/photos");
    assertThat(Inputs.name("-")).isEqualTo("-");
    assertThat(Inputs.name(temp + "/photos/*.png")).isEqualTo(temp + "/photos/*.png");
  }
}
