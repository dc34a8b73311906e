package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class TokenStreamTest {
  static List<String> fixtures() {
    return TokenizerFixtures.WITH_CASES;
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void partsMakeTheReferencesText(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    for (Json c : TokenizerFixtures.cases(fixture).at("tokenize").items()) {
      int[] ids = TokenizerFixtures.ints(c.at("ids"));
      assertThat(String.join("", parts(tokenizer, ids, Specials.SKIP)))
          .isEqualTo(c.getText("decoded"));
      assertThat(String.join("", parts(tokenizer, ids, Specials.KEEP)))
          .isEqualTo(c.getText("decoded_with_special"));
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void noPartHasHalfACharacter(String fixture) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    String text = "\u7684 \uD83D\uDC3C\uD83D\uDC68\u200D\uD83D\uDC69 \u00E9\u0301 x\u00B2";
    int[] ids = tokenizer.encode(PromptText.literal(text));
    for (String part : parts(tokenizer, ids, Specials.KEEP_GROUNDING)) {
      assertThat(part).doesNotContain("\uFFFD");
      assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(part)).isTrue();
    }
  }

  @Test
  void textComesAsSoonAsItIsCertain() {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl2-1b");
    int[] ids = tokenizer.encode(PromptText.literal("ab \uD83D\uDC3C."));
    List<String> parts = parts(tokenizer, ids, Specials.SKIP);
    assertThat(parts).endsWith("", "", "", "\uD83D\uDC3C", ".", "").startsWith("a", "b", " ");
  }

  @Test
  void onlyTheFirstTokenLosesItsSpace() {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl2-4b");
    int space = tokenizer.id("\u2581").orElseThrow();
    assertThat(parts(tokenizer, new int[] {space, space}, Specials.SKIP))
        .containsExactly("", " ", "");
  }

  @Test
  void aSpaceWaitsWhereCleanUpMayDropIt() {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl2-76b");
    int space = tokenizer.id("\u0120").orElseThrow();
    int dot = tokenizer.id(".").orElseThrow();
    int a = tokenizer.id("a").orElseThrow();
    assertThat(parts(tokenizer, new int[] {a, space, dot, space, a}, Specials.SKIP))
        .containsExactly("a", "", ".", "", " a", "");
    assertThat(parts(tokenizer, new int[] {a, space}, Specials.SKIP)).containsExactly("a", "", " ");
  }

  @Test
  void unknownIdsAreNothingAndWrongUseIsAnError() {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl2-1b");
    TokenStream stream = tokenizer.stream(Specials.KEEP);
    assertThat(stream.push(tokenizer.size() + 7)).isEmpty();
    assertThatThrownBy(() -> stream.push(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token id is -1, expected 0 or more");
    assertThat(stream.finish()).isEmpty();
    assertThatThrownBy(() -> stream.push(1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("this token stream is finished; begin another");
    assertThatThrownBy(stream::finish).isInstanceOf(IllegalStateException.class);
  }

  private static List<String> parts(Tokenizer tokenizer, int[] ids, Specials specials) {
    TokenStream stream = tokenizer.stream(specials);
    List<String> parts = new ArrayList<>();
    for (int id : ids) {
      parts.add(stream.push(id));
    }
    parts.add(stream.finish());
    return parts;
  }
}
