package org.internvl4j.models.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.internvl4j.loader.json.Json;
import org.internvl4j.models.text.SentencePieceModel.Piece;
import org.internvl4j.testkit.Fixtures;

/// `tokenizer.json` texts made of the other files of fixtures.
public final class TokenizerJsons {
  private TokenizerJsons() {}

  /// `vocab.json` and `merges.txt` of a Qwen2 tokenizer.
  public static String qwen2(String fixture) {
    String vocab = file(fixture, "vocab.json");
    String merges =
        file(fixture, "merges.txt")
            .lines()
            .filter(line -> !line.startsWith("#version") && !line.isBlank())
            .map(TokenizerJsons::quote)
            .collect(Collectors.joining(","));
    return """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [%s],
     "normalizer": {"type": "NFC"},
     "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
       {"type": "Split", "pattern": {"Regex": %s}, "behavior": "Isolated", "invert": false},
       {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}]},
     "post_processor": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
       "use_regex": false},
     "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
       "use_regex": false},
     "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
       "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
       "vocab": %s, "merges": [%s]}}
    """
        .formatted(addedTokens(fixture), quote(WordSplitter.QWEN2), vocab, merges);
  }

  /// The added tokens of a `tokenizer_config.json`, as `tokenizer.json` lists them.
  static String addedTokens(String fixture) {
    return Json.parse(utf8(file(fixture, "tokenizer_config.json")), "tokenizer_config.json")
        .at("added_tokens_decoder")
        .fields()
        .entrySet()
        .stream()
        .map(e -> "{\"id\": " + e.getKey() + ", " + e.getValue().toString().substring(1))
        .collect(Collectors.joining(","));
  }

  /// A `tokenizer.model` converted: each two pieces that join to a third are a merge, in the order
  /// of the third's score.
  ///
  /// @param normalizer, preTokenizer, decoder JSON
  static String converted(String fixture, String normalizer, String preTokenizer, String decoder) {
    byte[] file = TokenizerFixtures.read(Fixtures.folder(fixture).resolve("tokenizer.model"));
    SentencePieceModel model = SentencePieceModel.read(file, "tokenizer.model");
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < model.pieces().size(); id++) {
      ids.put(model.pieces().get(id).text(), id);
    }
    record Merge(String left, String right, float score) {}
    List<Merge> merges = new ArrayList<>();
    for (Piece piece : model.pieces()) {
      for (int cut = 1; cut < piece.text().length() && piece.type().isText(); cut++) {
        String left = piece.text().substring(0, cut);
        String right = piece.text().substring(cut);
        if (ids.containsKey(left) && ids.containsKey(right)) {
          merges.add(new Merge(left, right, piece.score()));
        }
      }
    }
    merges.sort(Comparator.comparing(Merge::score, Comparator.reverseOrder()));
    String vocab =
        ids.entrySet().stream()
            .map(e -> quote(e.getKey()) + ": " + e.getValue())
            .collect(Collectors.joining(","));
    String pairs =
        merges.stream()
            .map(m -> "[" + quote(m.left) + "," + quote(m.right) + "]")
            .collect(Collectors.joining(","));
    return """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [%s],
     "normalizer": %s,
     "pre_tokenizer": %s,
     "post_processor": {"type": "TemplateProcessing",
       "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
       "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
       "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
     "decoder": %s,
     "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
       "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true,
       "byte_fallback": true, "ignore_merges": false, "vocab": {%s}, "merges": [%s]}}
    """
        .formatted(addedTokens(fixture), normalizer, preTokenizer, decoder, vocab, pairs);
  }

  static String file(String fixture, String name) {
    byte[] bytes = TokenizerFixtures.read(Fixtures.folder(fixture).resolve(name));
    if (bytes == null) {
      throw new IllegalArgumentException(fixture + " has no " + name);
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c == '"' || c == '\\') {
        quoted.append("\\u%04x".formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
