package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.sentencepiece.SpTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The real tokenizer of InternVL-14B, 49,954 pieces of which the last 17,954 have score 0.
final class AlpacaTokenizerTest {
  private static final Path FOLDER = Fixtures.real("internvl-14b-tokenizer");

  @BeforeEach
  void needsTheRealTokenizer() {
    Assumptions.assumeTrue(
        Files.isDirectory(FOLDER), "the tokenizer of InternVL-14B is not at " + FOLDER);
  }

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      delimiter = '|',
      value = {
        "summarize:a photo of a red panda|19138 675 29901 29874 15373 310 263 2654 282 5863",
        "summarize:一张熊猫的照片|19138 675 29901 33823 40351 36580",
        "summarize:二匹の猫の写真|19138 675 29901 30685 37015 30199 33155 30199 41971",
        "English caption:|4223 5777 683 29901",
        " |259",
        "  a|259 263"
      })
  void encodesLikeTheReference(String text, String ids) {
    int[] expected =
        Arrays.stream(("1 " + ids).split(" ", -1)).mapToInt(Integer::parseInt).toArray();
    assertThat(TokenizerFixtures.load(FOLDER).encode(PromptText.literal(text)))
        .containsExactly(expected);
  }

  @Test
  void namesItsPadding() {
    Tokenizer tokenizer = TokenizerFixtures.load(FOLDER);
    assertThat(tokenizer.size()).isEqualTo(49_954);
    assertThat(tokenizer.id("[PAD]")).hasValue(49_953);
    assertThat(tokenizer.encode(PromptText.trusted("[PAD]"))).containsExactly(1, 49_953);
    assertThat(tokenizer.encode(PromptText.literal("[PAD]"))).doesNotContain(49_953);
    assertThat(tokenizer.decode(new int[] {1, 4223, 49_953}, Specials.SKIP)).isEqualTo("English");
  }

  @Test
  void encodesRandomTextsLikeSentencePiece() throws IOException {
    RustTokenizer.offline();
    byte[] file = Files.readAllBytes(FOLDER.resolve("tokenizer.model"));
    Tokenizer tokenizer = TokenizerFixtures.load(FOLDER);
    List<String> words = new ArrayList<>();
    for (int id = 259; id < tokenizer.size(); id += 7) {
      words.add(tokenizer.token(id).replace(SentencePieceEncoder.SPACE, ' '));
    }
    RandomText random = new RandomText(14, words);
    try (SpTokenizer oracle = new SpTokenizer(file)) {
      for (int i = 0; i < Effort.texts(); i++) {
        String text = random.next();
        int[] ids = tokenizer.encode(PromptText.literal(text));
        assertThat(Arrays.copyOfRange(ids, 1, ids.length))
            .as("ids of %s", text)
            .isEqualTo(oracle.getProcessor().encode(text));
      }
    }
  }
}
