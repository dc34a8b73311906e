package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.internvl4j.loader.CheckpointException;
import org.internvl4j.models.text.SentencePieceModel.Flags;
import org.internvl4j.models.text.SentencePieceModel.Piece;
import org.internvl4j.models.text.SentencePieceModel.PieceType;
import org.internvl4j.testkit.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Which files are read, and what is said about broken ones.
final class TokenizerFilesTest {
  static Stream<Arguments> broken() {
    return Stream.of(
        bytePair("vocab.json", "{\"a\": -1}", "token \"a\" has id -1, expected 0 … 4194303"),
        bytePair("vocab.json", "{\"a\": 4194304}", "token \"a\" has id 4194304, expected 0 …"),
        bytePair("vocab.json", "{\"a\": 1.5}", "a is 1.5, expected an integer"),
        bytePair("vocab.json", "{\"a\": 1, \"b\": 1}", "tokens \"a\" and \"b\" both have id 1"),
        bytePair("vocab.json", "{\"a\": 1, \"a\": 2}", "a"),
        bytePair("vocab.json", "[]", "it is a list of 0, expected an object"),
        bytePair("vocab.json", "{", "vocab.json"),
        bytePair("merges.txt", "r e\nzz yy", "line 2 merges \"zz\" and \"yy\", but the vocabulary"),
        bytePair("merges.txt", "q ~", "but the vocabulary has no token \"q~\""),
        bytePair("merges.txt", "#version: 0.2\nab", "line 2 is \"ab\", expected two tokens with"),
        bytePair("merges.txt", "a b c", "line 1 is \"a b c\", expected two tokens with"),
        bytePair("merges.txt", "#version: 0.2\n#version: 0.2", "line 2"),
        bytePair("tokenizer_config.json", "[1]", "it is a list of 1, expected an object"),
        config("{\"x\": {\"content\": \"<x>\"}}", "added_tokens_decoder has key \"x\", expected a"),
        config("{\"-1\": {\"content\": \"<x>\"}}", "token \"<x>\" has id -1, expected 0 …"),
        config("{\"9\": {}}", "added_tokens_decoder.9.content is missing"),
        config("{\"9\": {\"content\": \"\"}}", "is \"\", expected a token that is not empty"),
        config(
            "{\"500\": {\"content\": \"<x>\"}, \"501\": {\"content\": \"<x>\"}}",
            "added token \"<x>\" has id 501, but elsewhere id 500"),
        config("{\"500\": {\"content\": \"a\"}}", "token \"a\" has ids 64 and 500"));
  }

  private static Arguments bytePair(String file, String text, String message) {
    return Arguments.of(file, text, message);
  }

  private static Arguments config(String decoder, String message) {
    return Arguments.of(
        "tokenizer_config.json",
        "{\"tokenizer_class\": \"Qwen2Tokenizer\", \"added_tokens_decoder\": " + decoder + "}",
        message);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("broken")
  void saysWhatIsWrongWithBytePairFiles(String file, String text, String message) {
    TokenizerFiles files =
        TokenizerFixtures.with("internvl2-1b", Map.of(file, TokenizerJsons.utf8(text)));
    assertThatThrownBy(() -> Tokenizers.load(files))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith(file)
        .hasMessageContaining(message);
  }

  static Stream<Arguments> brokenJson() {
    return Stream.of(
        json(
            "\"type\": \"BPE\"",
            "\"type\": \"Unigram\"",
            "model.type is \"Unigram\", expected BPE"),
        json("\"dropout\": null", "\"dropout\": 0.1", "model.dropout is 0.1, expected none"),
        json(
            "\"end_of_word_suffix\": \"\"",
            "\"end_of_word_suffix\": \"</w>\"",
            "model.end_of_word_suffix is \"</w>\", expected none"),
        json(
            "\"type\": \"NFC\"", "\"type\": \"NFKC\"", "normalizer.type is \"NFKC\", expected NFC"),
        json("\\p{L}\\p{N}", "\\p{L}", "expected the pattern of Qwen2 or of Llama-3"),
        json("\"Isolated\"", "\"Removed\"", "expected behavior Isolated, not inverted"),
        json("\"invert\": false", "\"invert\": true", "expected behavior Isolated, not inverted"),
        json("{\"type\": \"Split\"", "{\"type\": \"Digits\"", "expected Split, then ByteLevel"),
        json(
            "\"add_prefix_space\": false, \"trim_offsets\": false, \"use_regex\": false}]",
            "\"add_prefix_space\": true, \"trim_offsets\": false, \"use_regex\": false}]",
            "pre_tokenizer.pretokenizers[1].add_prefix_space is true, expected false"),
        json(
            "\"decoder\": {\"type\": \"ByteLevel\"",
            "\"decoder\": {\"type\": \"WordPiece\"",
            "decoder.type is \"WordPiece\", expected ByteLevel, Sequence"),
        json(
            "\"post_processor\": {\"type\": \"ByteLevel\"",
            "\"post_processor\": {\"type\": \"BertProcessing\"",
            "post_processor.type is \"BertProcessing\", expected ByteLevel"),
        json(
            "\"merges\": [",
            "\"merges\": [\"a\",",
            "model.merges[0] is \"a\", expected two tokens"),
        json(
            "\"merges\": [",
            "\"merges\": [[\"a\"],",
            "model.merges[0] is a list of 1, expected two"),
        json("\"merges\": [", "\"merges\": [[\"q\",\"~\"],", "model.merges[0] merges \"q\" and"),
        json(
            "\"id\": 421",
            "\"id\": 420",
            "added_tokens[1].id is 420, expected an id that no other"),
        json("\"id\": 421", "\"id\": -5", "has id -5, expected 0 …"),
        json("\"!\"", "\"!!\"", "there is no token \"!\" for byte 0x21"));
  }

  private static Arguments json(String what, String by, String message) {
    return Arguments.of(what, by, message);
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenJson")
  void saysWhatIsWrongWithATokenizerJson(String what, String by, String message) {
    String json = TokenizerJsons.qwen2("internvl2-1b");
    String text = json.replace(quoted(what), quoted(by));
    assertThat(text).isNotEqualTo(json);
    assertThatThrownBy(() -> load("tokenizer.json", TokenizerJsons.utf8(text)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("tokenizer.json: ")
        .hasMessageContaining(message);
  }

  private static String quoted(String text) {
    return text.replace("\\", "\\u005c");
  }

  static Stream<Arguments> brokenModels() {
    Piece unk = new Piece("<unk>", 0, PieceType.UNKNOWN);
    Piece a = new Piece("a", 0, PieceType.NORMAL);
    return Stream.of(
        Arguments.of(bytes(0x0A, 0x05, 'a'), "byte 2: field 1 has 5 bytes but only 1 are left"),
        Arguments.of(bytes(0x0A), "the message ends inside a number"),
        Arguments.of(bytes(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1), "field 1 has 68719476735 bytes"),
        Arguments.of(
            bytes(0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255),
            "byte 1: field 1 has wire type 0, expected bytes"),
        Arguments.of(
            bytes(0x28, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255),
            "byte 11: a number has more than ten bytes"),
        Arguments.of(bytes(0x2B), "byte 1: wire type 3 is not supported"),
        Arguments.of(bytes(0x00), "a field has number 0"),
        Arguments.of(bytes(0x0A, 3, 0x0A, 1, 0xFF), "is not UTF-8"),
        Arguments.of(bytes(0x0A, 2, 0x0A, 0), "piece 0 is empty"),
        Arguments.of("hello".getBytes(StandardCharsets.UTF_8), "this is no SentencePiece model"),
        Arguments.of(bytes(), "trainer_spec.model_type is 1, expected 2 (BPE)"),
        Arguments.of(model(a), "there is no unknown piece"),
        Arguments.of(model(unk, a, unk), "pieces 0 and 2 are both the unknown piece"),
        Arguments.of(model(unk, a, a), "piece \"a\" comes twice, as 1 and 2"),
        Arguments.of(
            model(unk, new Piece("a", Float.NaN, PieceType.NORMAL)), "piece 1 \"a\" has score NaN"),
        Arguments.of(
            model(unk, new Piece("<0x41>", 0, PieceType.BYTE)),
            "byte piece \"<0x41>\" but byte_fallback is false"),
        Arguments.of(
            ModelWriter.model(List.of(unk), new Flags(true, false, true), true),
            "byte_fallback is true but there are 0 byte pieces, expected 256"),
        Arguments.of(
            new ModelWriter().bytes(1, ModelWriter.piece("a", 0, 7)).toBytes(),
            "piece 0 \"a\" has type 7, expected 1 … 6"),
        Arguments.of(
            new ModelWriter().bytes(3, new ModelWriter().text(2, "x").toBytes()).toBytes(),
            "normalizer_spec.precompiled_charsmap is set, which is not supported"),
        Arguments.of(
            new ModelWriter().bytes(2, new ModelWriter().integer(24, 1).toBytes()).toBytes(),
            "trainer_spec.treat_whitespace_as_suffix is set, which is not supported"),
        Arguments.of(
            new ModelWriter().bytes(2, new ModelWriter().integer(3, 1).toBytes()).toBytes(),
            "trainer_spec.model_type is 1, expected 2 (BPE)"));
  }

  private static byte[] model(Piece... pieces) {
    return ModelWriter.model(List.of(pieces), new Flags(true, false, true), false);
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("brokenModels")
  void saysWhatIsWrongWithAModel(byte[] model, String message) {
    assertThatThrownBy(() -> load("tokenizer.model", model))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("tokenizer.model: ")
        .hasMessageContaining(message);
  }

  /// Whatever the bytes are, they load or are refused.
  @Test
  void damagedModelsAreRefusedOrLoadedSeed5() {
    byte[] whole =
        TokenizerFixtures.read(Fixtures.folder("internvl2-2b").resolve("tokenizer.model"));
    assertThat(whole).isNotNull();
    SplittableRandom random = new SplittableRandom(5);
    int refused = 0;
    for (int i = 0; i < 3_000 && whole != null; i++) {
      byte[] damaged =
          Arrays.copyOf(whole, i % 3 == 0 ? random.nextInt(whole.length) : whole.length);
      for (int n = random.nextInt(4); n >= 0 && damaged.length > 0; n--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      try {
        Tokenizer tokenizer = load("tokenizer.model", damaged);
        int[] ids = tokenizer.encode(PromptText.literal("Hello \u7684 \uD83D\uDC3C"));
        assertThat(tokenizer.decode(ids, Specials.KEEP)).isNotNull();
      } catch (CheckpointException e) {
        assertThat(e).hasMessageStartingWith("token");
        refused++;
      }
    }
    assertThat(refused).isBetween(1_000, 2_999);
  }

  @Test
  void saysThatThereIsNoTokenizer() {
    assertThatThrownBy(() -> Tokenizers.load(name -> null))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            "tokenizer.json: is missing, and so are tokenizer.model and vocab.json with merges.txt;"
                + " one is needed");
  }

  @Test
  void wantsTheTokenThatBeginsEveryText() {
    byte[] config =
        TokenizerJsons.utf8(
            "{\"tokenizer_class\": \"LlamaTokenizer\", \"bos_token\": null, \"add_bos_token\": true}");
    byte[] map = TokenizerJsons.utf8("{}");
    assertThatThrownBy(() ->
            Tokenizers.load(
                TokenizerFixtures.with(
                    "internvl2-4b",
                    Map.of("tokenizer_config.json", config, "special_tokens_map.json", map))))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("tokenizer_config.json: add_bos_token is true but bos_token is missing");
  }

  /// A model of the class `LlamaTokenizer` has both; Python's own file wins, the fast class takes
  /// the other.
  @Test
  void theClassDecidesBetweenTwoFiles() {
    byte[] json = TokenizerJsons.utf8("{\"not\": \"a tokenizer\"}");
    TokenizerFiles slow = TokenizerFixtures.with("internvl2-4b", Map.of("tokenizer.json", json));
    assertThat(Tokenizers.load(slow).size()).isEqualTo(514);
    byte[] fast = TokenizerJsons.utf8("{\"tokenizer_class\": \"LlamaTokenizerFast\"}");
    TokenizerFiles files =
        TokenizerFixtures.with(
            "internvl2-4b", Map.of("tokenizer.json", json, "tokenizer_config.json", fast));
    assertThatThrownBy(() -> Tokenizers.load(files))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("tokenizer.json: model is missing");
  }

  /// Without `added_tokens_decoder` the two older files say which tokens there are.
  @Test
  void readsTheOlderFiles() {
    byte[] config =
        TokenizerJsons.utf8(
            "{\"tokenizer_class\": \"InternLM2Tokenizer\", \"add_bos_token\": true}");
    Tokenizer tokenizer =
        Tokenizers.load(
            TokenizerFixtures.with("internvl2-2b", Map.of("tokenizer_config.json", config)));
    assertThat(tokenizer.id("<IMG_CONTEXT>")).hasValue(528);
    assertThat(tokenizer.encode(PromptText.trusted("<img></img>"))).containsExactly(1, 526, 527);
    assertThat(tokenizer.decode(new int[] {526, 1, 527}, Specials.SKIP)).isEmpty();
  }

  /// InternLM2 uses ids of the model for its control tokens.
  @Test
  void addedTokensOverrideBaseTokensOfTheSameId() {
    byte[] config =
        TokenizerJsons.utf8(
            """
            {"tokenizer_class": "InternLM2Tokenizer", "added_tokens_decoder": {
              "519": {"content": "<|im_end|>", "special": true}},
              "additional_special_tokens": ["<|im_end|>"]}\
            """);
    Tokenizer before = TokenizerFixtures.load("internvl2-2b");
    Tokenizer tokenizer =
        Tokenizers.load(
            TokenizerFixtures.with("internvl2-2b", Map.of("tokenizer_config.json", config)));
    String hidden = before.token(519);
    assertThat(tokenizer.token(519)).isEqualTo("<|im_end|>");
    assertThat(tokenizer.id(hidden)).isEmpty();
    assertThat(tokenizer.encode(PromptText.trusted("<|im_end|>"))).containsExactly(1, 519);
    assertThat(tokenizer.encode(PromptText.literal(hidden))).doesNotContain(519);
  }

  private static Tokenizer load(String name, byte[] bytes) {
    return Tokenizers.load(Map.of(name, bytes)::get);
  }
}
