package org.internvl4j.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What rows keep in memory while they wait has limits.
class RowTest {
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
}
