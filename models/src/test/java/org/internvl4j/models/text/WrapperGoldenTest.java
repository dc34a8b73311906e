package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.stream.Stream;
import org.internvl4j.loader.json.Json;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Random texts and ids as transformers 4.57.6 encodes and decodes them with the fixtures' files:
/// Qwen2Tokenizer, LlamaTokenizer legacy and not, InternLM2Tokenizer.
final class WrapperGoldenTest {
  static Stream<String> fixtures() throws IOException {
    return cases().fields().keySet().stream();
  }

  private static Json cases() throws IOException {
    try (InputStream in = WrapperGoldenTest.class.getResourceAsStream("wrapper-cases.json")) {
      return Json.parse(in == null ? new byte[0] : in.readAllBytes(), "wrapper-cases.json");
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void encodesAndDecodesLikeThePythonTokenizers(String fixture) throws IOException {
    Tokenizer tokenizer = TokenizerFixtures.load(fixture);
    for (Json c : cases().at(fixture).items()) {
      String text = c.getText("text");
      assertThat(tokenizer.encode(PromptText.trusted(text)))
          .as("ids of %s", text)
          .containsExactly(TokenizerFixtures.ints(c.at("ids")));
      int[] tokens = TokenizerFixtures.ints(c.at("tokens"));
      assertThat(tokenizer.decode(tokens, Specials.SKIP))
          .as("%s without specials", tokens)
          .isEqualTo(c.getText("decoded"));
      assertThat(tokenizer.decode(tokens, Specials.KEEP))
          .as("%s", tokens)
          .isEqualTo(c.getText("decoded_with_special"));
    }
  }
}
