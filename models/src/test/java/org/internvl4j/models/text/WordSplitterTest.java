package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WordSplitterTest {
  @ParameterizedTest(name = "{0} digits, seed {1}")
  @CsvSource({"1, 1", "3, 2"})
  void cutsLikeItsPattern(int digits, long seed) {
    Pattern pattern =
        Pattern.compile(
            digits == 1 ? WordSplitter.QWEN2 : WordSplitter.LLAMA3,
            Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE);
    RandomText random = new RandomText(seed, List.of("word", " word", "'re", "12", "don't"));
    for (int i = 0; i < 20_000; i++) {
      String text = random.next();
      List<String> expected = new ArrayList<>();
      for (Matcher m = pattern.matcher(text); m.find(); ) {
        expected.add(m.group());
      }
      assertThat(String.join("", expected)).isEqualTo(text);
      assertThat(words(new WordSplitter(digits), text)).as(text).isEqualTo(expected);
    }
  }

  @Test
  void cutsLongRunsWithoutRecursion() {
    for (String unit : List.of("a", " ", "1", "!", "\n", "\u00E9", "\uD83D\uDE00", " a")) {
      String text = unit.repeat(1_000_000 / unit.length());
      assertThat(String.join("", words(new WordSplitter(3), text))).isEqualTo(text);
    }
  }

  @Test
  void knowsAllWhiteSpaceOfUnicode() {
    Pattern space = Pattern.compile("\\p{IsWhite_Space}");
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (!(c >= 0xD800 && c <= 0xDFFF)) {
        assertThat(WordSplitter.isSpace(c))
            .as("U+%04X", c)
            .isEqualTo(space.matcher(Character.toString(c)).matches());
      }
    }
  }

  private static List<String> words(WordSplitter splitter, String text) {
    List<String> words = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      int end = splitter.end(text, at);
      words.add(text.substring(at, end));
      at = end;
    }
    return words;
  }
}
