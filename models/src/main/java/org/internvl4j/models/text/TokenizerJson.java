package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.internvl4j.loader.json.Json;
import org.jspecify.annotations.Nullable;

/// `tokenizer.json`: a whole BPE tokenizer in one file (tokenizers 0.2x).
final class TokenizerJson {
  static final String FILE = "tokenizer.json";

  private final Json root;
  private final TokenizerConfig config;
  private final Json model;
  private final Vocabulary base;

  private TokenizerJson(Json root, TokenizerConfig config) {
    this.root = root;
    this.config = config;
    this.model = root.at("model");
    this.base = BytePairLoader.vocabulary(model.at("vocab"), FILE);
  }

  static Tokenizer load(byte[] bytes, TokenizerConfig config) {
    Json root = Json.parse(bytes, FILE);
    Json type = root.at("model").find("type");
    if (type != null && !type.asText().equals("BPE")) {
      throw type.wrong("BPE");
    }
    return new TokenizerJson(root, config).build();
  }

  private Tokenizer build() {
    refuse("continuing_subword_prefix");
    refuse("end_of_word_suffix");
    if (model.getDouble("dropout", 0) != 0) {
      throw model.at("dropout").wrong("none");
    }
    MergeTable merges = BytePairLoader.merges(merges(), base, FILE);
    String unknownToken = model.findText("unk_token");
    int unknown = unknownToken == null ? -1 : base.idOrNone(unknownToken);
    Json normalizerJson = root.find("normalizer");
    Normalizer normalizer = normalizerJson == null ? null : Normalizer.of(normalizerJson);
    Map<Integer, AddedToken> added = config.added(added(), true, base::idOrNone, base.size());
    Vocabulary all = base.copy();
    added.forEach((id, token) -> all.override(token.content(), id, FILE));
    WordSplitter words = words();
    TextEncoder encoder =
        words == null
            ? new PairEncoder(metaspace(), merges, base, options(), unknown, FILE)
            : new BytePairEncoder(
                words, merges, base, model.getBoolean("ignore_merges", false), FILE);
    TokenizerTemplate edges = TokenizerTemplate.of(root.find("post_processor"));
    if (config.tokenizerClass().startsWith("Llama")) {
      edges = edges.with(config, all);
    }
    return new LoadedTokenizer(
        new LoadedTokenizer.Parts(
            all,
            new AddedTokens(added, normalizer, false),
            normalizer,
            encoder,
            unknown,
            edges.prefix(),
            edges.suffix(),
            false,
            config.flag("clean_up_tokenization_spaces", false),
            decoder()));
  }

  private void refuse(String key) {
    if (!model.getText(key, "").isEmpty()) {
      throw model.at(key).wrong("none");
    }
  }

  private Map<Integer, AddedToken> added() {
    Map<Integer, AddedToken> added = new HashMap<>();
    Json list = root.find("added_tokens");
    if (list != null) {
      for (Json entry : list.items()) {
        AddedToken token = AddedToken.of(entry);
        int id = entry.getInt("id");
        if (added.put(id, token) != null) {
          throw entry.at("id").wrong("an id that no other added token has");
        }
      }
    }
    return added;
  }

  /// `"a b"` or `["a", "b"]`.
  private List<BytePairLoader.Merge> merges() {
    List<BytePairLoader.Merge> merges = new ArrayList<>();
    for (Json item : model.at("merges").items()) {
      String place = "model.merges[" + merges.size() + "]";
      if (item instanceof Json.Str text) {
        merges.add(BytePairLoader.merge(text.text(), FILE, place));
      } else if (item.items().size() == 2) {
        merges.add(
            new BytePairLoader.Merge(
                item.items().get(0).asText(), item.items().get(1).asText(), place));
      } else {
        throw item.wrong("two tokens");
      }
    }
    return merges;
  }

  private PairEncoder.Options options() {
    return new PairEncoder.Options(
        model.getBoolean("byte_fallback", false),
        model.getBoolean("fuse_unk", false),
        model.getBoolean("ignore_merges", false));
  }

  /// The steps of the `pre_tokenizer`.
  private List<Json> steps() {
    Json json = root.find("pre_tokenizer");
    if (json == null) {
      return List.of();
    }
    return json.getText("type").equals("Sequence")
        ? json.at("pretokenizers").items()
        : List.of(json);
  }

  /// How a byte-level tokenizer cuts words; null if this is none.
  private @Nullable WordSplitter words() {
    List<Json> steps = steps();
    Json last = steps.isEmpty() ? null : steps.getLast();
    if (last == null || !last.getText("type").equals("ByteLevel")) {
      return null;
    }
    if (last.getBoolean("add_prefix_space", true)) {
      throw last.at("add_prefix_space").wrong("false");
    }
    if (last.getBoolean("use_regex", true)) {
      throw last.wrong("use_regex false, behind a Split");
    }
    if (steps.size() != 2 || !steps.getFirst().getText("type").equals("Split")) {
      throw root.at("pre_tokenizer").wrong("Split, then ByteLevel");
    }
    Json split = steps.getFirst();
    if (!split.getText("behavior").equals("Isolated") || split.getBoolean("invert", false)) {
      throw split.wrong("behavior Isolated, not inverted");
    }
    Json pattern = split.at("pattern").at("Regex");
    if (pattern.asText().equals(WordSplitter.QWEN2)) {
      return new WordSplitter(1);
    }
    if (pattern.asText().equals(WordSplitter.LLAMA3)) {
      return new WordSplitter(3);
    }
    throw pattern.wrong("the pattern of Qwen2 or of Llama-3");
  }

  private PairEncoder.Metaspace metaspace() {
    List<Json> steps = steps();
    if (steps.isEmpty()) {
      return PairEncoder.Metaspace.NONE;
    }
    Json json = steps.getFirst();
    if (steps.size() != 1 || !json.getText("type").equals("Metaspace")) {
      throw root.at("pre_tokenizer").wrong("Metaspace, or Split and ByteLevel");
    }
    String scheme =
        json.getText(
            "prepend_scheme", json.getBoolean("add_prefix_space", true) ? "always" : "never");
    PairEncoder.Prepend prepend =
        switch (scheme) {
          case "always" -> PairEncoder.Prepend.ALWAYS;
          case "first" -> PairEncoder.Prepend.FIRST;
          case "never" -> PairEncoder.Prepend.NEVER;
          default -> throw json.at("prepend_scheme").wrong("always, first or never");
        };
    return new PairEncoder.Metaspace(
        ChainDecoder.character(json.at("replacement")), prepend, json.getBoolean("split", true));
  }

  private Function<TokenDecoder.Tokens, TokenDecoder> decoder() {
    Json json = root.find("decoder");
    if (json != null && json.getText("type").equals("ByteLevel")) {
      return tokens -> new ByteLevelDecoder(tokens, false);
    }
    List<ChainDecoder.Kind> kinds = ChainDecoder.kinds(json);
    return tokens -> new ChainDecoder(tokens, kinds);
  }
}
