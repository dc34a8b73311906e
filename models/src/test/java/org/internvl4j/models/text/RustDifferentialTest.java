package org.internvl4j.models.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The same ids and texts as the tokenizers library of Rust, on random texts and ids.
final class RustDifferentialTest {
  private static final String PREPEND_REPLACE =
      """
      {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}\
      """;
  private static final String METASPACE =
      """
      {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "%s", "split": %s}\
      """;
  private static final String LLAMA_DECODER =
      """
      {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}\
      """;
  private static final String FUSED_LAST =
      """
      {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
        {"type": "Strip", "content": " ", "start": 2, "stop": 0}]}\
      """;

  /// Added tokens with every flag, the ids behind those of the fixture.
  private static String withFlags(String json, int id) {
    String[] flags = {
      "\"content\": \"<left>\", \"lstrip\": true, \"normalized\": false",
      "\"content\": \"<right>\", \"rstrip\": true, \"normalized\": false, \"special\": true",
      "\"content\": \"<both>\", \"lstrip\": true, \"rstrip\": true, \"normalized\": true",
      "\"content\": \"word\", \"single_word\": true, \"normalized\": false",
      "\"content\": \"wor\", \"normalized\": true",
      "\"content\": \"cafe\u0301\", \"normalized\": true",
      "\"content\": \"two words\", \"normalized\": true, \"special\": true",
      "\"content\": \"#\u2581\", \"normalized\": false",
      "\"content\": \"\\n\\n\", \"normalized\": true"
    };
    StringBuilder tokens = new StringBuilder();
    for (int i = 0; i < flags.length; i++) {
      tokens.append(",{\"id\": ").append(id + i);
      for (String flag : List.of("lstrip", "rstrip", "single_word", "special")) {
        if (!flags[i].contains(flag)) {
          tokens.append(", \"").append(flag).append("\": false");
        }
      }
      tokens.append(", ").append(flags[i]).append("}");
    }
    return json.replaceFirst(
        "\\],\\s*\"normalizer\"", Matcher.quoteReplacement(tokens + "], \"normalizer\""));
  }

  static Stream<Arguments> tokenizers() {
    return Stream.of(
        Arguments.of(
            "qwen2 flags", 7, "internvl2-1b", withFlags(TokenizerJsons.qwen2("internvl2-1b"), 432)),
        Arguments.of(
            "llama flags",
            8,
            "internvl2-4b",
            withFlags(
                TokenizerJsons.converted("internvl2-4b", PREPEND_REPLACE, "null", LLAMA_DECODER),
                514)),
        Arguments.of("qwen2", 1, "internvl2-1b", TokenizerJsons.qwen2("internvl2-1b")),
        Arguments.of("llama3", 2, "internvl2-76b", file("internvl2-76b")),
        converted("llama prepend", 3, PREPEND_REPLACE, "null", LLAMA_DECODER),
        converted("llama always", 4, "null", METASPACE.formatted("always", true), LLAMA_DECODER),
        converted("llama first", 5, "null", METASPACE.formatted("first", false), FUSED_LAST),
        converted(
            "llama never",
            6,
            "null",
            METASPACE.formatted("never", false),
            METASPACE.formatted("always", true)));
  }

  private static Arguments converted(
      String name, long seed, String normalizer, String preTokenizer, String decoder) {
    String fixture = "internvl2-4b";
    String json = TokenizerJsons.converted(fixture, normalizer, preTokenizer, decoder);
    return Arguments.of(name, seed, fixture, json);
  }

  private static String file(String fixture) {
    return TokenizerJsons.file(fixture, "tokenizer.json");
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("tokenizers")
  void encodesAndDecodesLikeRust(String name, long seed, String fixture, String json) {
    Tokenizer ours = load(json);
    RandomText random = new RandomText(seed, words(ours));
    try (RustTokenizer rust = new RustTokenizer(json)) {
      int texts = seed <= 2 ? Effort.texts() : Effort.texts() / 2;
      for (int i = 0; i < texts; i++) {
        String text = random.next();
        int[] ids = rust.encode(text);
        assertThat(ours.encode(PromptText.trusted(text))).as("ids of %s", text).isEqualTo(ids);
        int[] changed = shuffled(ids, random, ours.size());
        assertThat(ours.decode(changed, Specials.KEEP))
            .as("text of %s", changed)
            .isEqualTo(rust.decode(changed, false));
        assertThat(ours.decode(changed, Specials.SKIP))
            .as("text of %s without specials", changed)
            .isEqualTo(rust.decode(changed, true));
      }
    }
  }

  /// The Qwen2 files themselves, which take another path through the code.
  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void vocabularyAndMergesGiveTheIdsOfTheirTokenizerJson(long seed) {
    Tokenizer ours = TokenizerFixtures.load("internvl2_5-1b");
    RandomText random = new RandomText(seed, words(ours));
    try (RustTokenizer rust = new RustTokenizer(TokenizerJsons.qwen2("internvl2_5-1b"))) {
      for (int i = 0; i < Effort.texts(); i++) {
        String text = random.next();
        int[] ids = rust.encode(text);
        assertThat(ours.encode(PromptText.trusted(text))).as("ids of %s", text).isEqualTo(ids);
        int[] changed = shuffled(ids, random, ours.size());
        assertThat(ours.decode(changed, Specials.SKIP)).isEqualTo(rust.decode(changed, true));
      }
    }
  }

  static Stream<Long> seeds() {
    return Stream.of(11L);
  }

  /// What a user types is what a tokenizer without added tokens makes of it.
  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("tokenizers")
  void literalTextIsEncodedAsIfThereWereNoAddedTokens(
      String name, long seed, String fixture, String json) {
    Tokenizer ours = load(json);
    String bare =
        json.replaceFirst(
            "(?s)\"added_tokens\": \\[.*?\\n?\\s*\\],\\s*\"normalizer\"",
            "\"added_tokens\": [], \"normalizer\"");
    assertThat(bare).hasSizeLessThan(json.length());
    List<String> words = words(ours);
    words.removeIf(word -> word.matches("</?(ref|box)>"));
    RandomText random = new RandomText(seed + 100, words);
    try (RustTokenizer rust = new RustTokenizer(bare)) {
      for (int i = 0; i < Effort.texts() / 4; i++) {
        String text = random.next();
        assertThat(ours.encode(PromptText.literal(text)))
            .as("ids of %s", text)
            .isEqualTo(rust.encode(text));
      }
    }
  }

  private static Tokenizer load(String json) {
    byte[] bytes = TokenizerJsons.utf8(json);
    return Tokenizers.load(Map.of("tokenizer.json", bytes)::get);
  }

  /// Tokens as they are and as they read.
  static List<String> words(Tokenizer tokenizer) {
    List<String> words = new ArrayList<>();
    for (int id = 0; id < tokenizer.size(); id++) {
      words.add(tokenizer.token(id));
      words.add(tokenizer.decode(new int[] {id}, Specials.KEEP));
    }
    return words;
  }

  /// The ids with some others among them.
  static int[] shuffled(int[] ids, RandomText random, int size) {
    int[] changed = ids.clone();
    for (int i = 0; i < changed.length; i++) {
      if (random.nextInt(3) == 0) {
        changed[i] = random.nextInt(size);
      }
    }
    return changed;
  }
}
