package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Stream;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ids and texts as the reference computed them.
final class TokenizerGoldenTest {
  static Stream<Arguments> tokenizeCases() {
    return TokenizerFixtures.WITH_CASES.stream().flatMap(f -> cases(f, "tokenize", "text"));
  }

  static Stream<Arguments> templateCases() {
    return TokenizerFixtures.WITH_CASES.stream().flatMap(f -> cases(f, "template", "prompt"));
  }

  private static Stream<Arguments> cases(String fixture, String list, String name) {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    return TokenizerFixtures.cases(fixture).at(list).items().stream()
        .map(c -> Arguments.of(fixture, c.at(name).toString(), tokenizer, c));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("tokenizeCases")
  void tokenizesLikeTheReference(String fixture, String name, Tokenizer tokenizer, Json c) {
    int[] ids = TokenizerFixtures.ints(c.at("ids"));
    assertThat(tokenizer.encode(PromptText.trusted(c.getText("text")))).containsExactly(ids);
    assertThat(tokenizer.decode(ids, Specials.SKIP)).isEqualTo(c.getText("decoded"));
    assertThat(tokenizer.decode(ids, Specials.KEEP)).isEqualTo(c.getText("decoded_with_special"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("templateCases")
  void tokenizesTemplatesLikeTheReference(
      String fixture, String name, Tokenizer tokenizer, Json c) {
    assertThat(tokenizer.encode(PromptText.trusted(c.getText("prompt"))))
        .containsExactly(TokenizerFixtures.ints(c.at("ids")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"internvl3-1b-hf", "internvl3_5-1b"})
  void tokenizesPromptsOfTheNativeLayout(String fixture) {
    int[] expected;
    try (SafeTensors golden =
        SafeTensors.open(Fixtures.folder(fixture).resolve("golden.safetensors"))) {
      long[] ids = golden.bytes("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      expected = Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    }
    String prompt = TokenizerFixtures.cases(fixture).getText("prompt");
    assertThat(TokenizerFixtures.load(fixture).encode(PromptText.trusted(prompt)))
        .containsExactly(expected);
  }

  /// The contrastive model ends its texts itself and pads them.
  @Test
  void tokenizesContrastiveTexts() {
    Tokenizer tokenizer = TokenizerFixtures.load("internvl-14b-224px");
    Json cases = TokenizerFixtures.cases("internvl-14b-224px");
    int eos = tokenizer.id("</s>").orElseThrow();
    for (int i = 0; i < cases.at("texts").items().size(); i++) {
      int[] ids = tokenizer.encode(PromptText.literal(cases.at("texts").items().get(i).asText()));
      int[] padded = Arrays.copyOf(ids, cases.getInt("text_length"));
      padded[ids.length] = eos;
      assertThat(padded)
          .containsExactly(TokenizerFixtures.ints(cases.at("text_ids").items().get(i)));
    }
  }
}
