package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What rows keep in memory while they wait has limits.
class RowTest {
  @TempDir Path temp;

  private static final List<PictureSource> PICTURES =
      List.of(new PictureSource.OfFile(Path.of("a.png")));

  @Test
  void textsAreCounted() {
    Row none = Row.of("a", "1", PICTURES, null);
    Row some = Row.of("a", "1", PICTURES, "x".repeat(Row.LONGEST_PROMPT));
    assertThat(some).isInstanceOf(Row.Item.class);
    assertThat(some.bytes() - none.bytes()).isEqualTo(2L * Row.LONGEST_PROMPT);
    assertThat(Row.of("a".repeat(1000), "1", PICTURES, null).bytes() - none.bytes())
        .isEqualTo(2 * 999);
  }

  @Test
  void aPromptThatNoContextHoldsIsAnError() {
    Row row = Row.of("a", "1", PICTURES, "x".repeat(Row.LONGEST_PROMPT + 1));
    assertThat(row)
        .isEqualTo(
            new Row.Unreadable(
                "a",
                new Outcome.Failed(
                    "too_long",
                    "row: its prompt has 1000001 characters, at most 1000000; shorten it")));
  }

  @Test
  void aRowWhoseNameIsLongIsCalledByItsNumber() {
    Row row = Row.of("x".repeat(Row.LONGEST_ID + 1), "7", PICTURES, null);
    assertThat(row)
        .isEqualTo(
            new Row.Unreadable(
                "7",
                new Outcome.Failed("input", "row: its id has 10001 characters, at most 10000")));
  }

  @Test
  void aRowThatIsWrongInTwoWaysIsCalledByItsNumber() throws IOException {
    String line = "{\"id\": \"%s\", \"images\": 7}%n".formatted("x".repeat(Row.LONGEST_ID + 1));
    Path rows = Files.writeString(temp.resolve("rows.jsonl"), line);
    try (Input input = Inputs.open(rows.toString(), Columns.USUAL, InputStream.nullInputStream())) {
      assertThat(input.next())
          .isInstanceOf(Row.Unreadable.class)
          .extracting(Row::id)
          .isEqualTo("1");
    }
  }

  @Test
  void aLineOfAListIsNoLongerThanAName() throws IOException {
    String longest = "y".repeat(Row.LONGEST_ID);
    String text = "\ufeffa.png\r\n\n" + longest + "y\r" + longest + "\nb.png";
    InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    List<Row> rows = new ArrayList<>();
    try (Input input = Inputs.open("-", Columns.USUAL, in)) {
      for (Row row = input.next(); row != null; row = input.next()) {
        rows.add(row);
      }
    }
    assertThat(rows).extracting(Row::id).containsExactly("a.png", "3", longest, "b.png");
    assertThat(rows.get(1))
        .isEqualTo(
            new Row.Unreadable(
                "3",
                Outcome.Failed.input(
                    "line 3 has more than 10000 characters, expected the path of a picture")));
  }

  @Test
  void aLongFirstLineIsNotCutToAName() throws IOException {
    String text = "\ufeff" + "y".repeat(Row.LONGEST_ID + 1);
    InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    try (Input input = Inputs.open("-", Columns.USUAL, in)) {
      assertThat(input.next()).isInstanceOf(Row.Unreadable.class);
    }
  }

  @Test
  void ofALongSentenceTheMiddleIsLeftOut() {
    String sentence = Outcome.Failed.input("a".repeat(5_000) + "z").sentence();
    assertThat(sentence).hasSize(2_003).contains("a … a").endsWith("z");
  }
}
