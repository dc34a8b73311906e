package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.text.LlamaDecoder.Style;
import org.jspecify.annotations.Nullable;

/// `tokenizer.model`, as LlamaTokenizer and InternLM2Tokenizer use it.
final class SentencePieceLoader {
  static final String FILE = "tokenizer.model";

  private SentencePieceLoader() {}

  static Tokenizer load(byte[] bytes, TokenizerConfig config) {
    config.defaultRole("unk_token", "<unk>");
    config.defaultRole("bos_token", "<s>");
    config.defaultRole("eos_token", "</s>");
    boolean internLm2 = config.tokenizerClass().equals("InternLM2Tokenizer");
    if (internLm2) {
      config.defaultRole("pad_token", "</s>");
    }
    Style style =
        internLm2
            ? Style.INTERNLM2
            : config.flag("legacy", true) ? Style.LLAMA_LEGACY : Style.LLAMA;
    SentencePieceModel read = SentencePieceModel.read(bytes, FILE);
    SentencePieceModel model = style == Style.LLAMA ? read.withDummyPrefix(false) : read;
    SentencePieceEncoder encoder = new SentencePieceEncoder(model, FILE);
    Vocabulary all = new Vocabulary();
    for (int id = 0; id < model.pieces().size(); id++) {
      all.add(model.pieces().get(id).text(), id, FILE);
    }
    Map<Integer, AddedToken> added = config.added(Map.of(), false, all::idOrNone, all.size());
    added.forEach((id, token) -> all.override(token.content(), id, "tokenizer_config.json"));
    boolean spaced = !internLm2 && config.flag("add_prefix_space", true);
    LlamaDecoder.Rules rules =
        new LlamaDecoder.Rules(
            model, encoder, style, segments(added, config, model.pieces().size()), spaced);
    return new LoadedTokenizer(
        new LoadedTokenizer.Parts(
            all,
            new AddedTokens(added, null, true),
            null,
            style == Style.LLAMA && model.flags().removeExtraWhitespaces()
                ? behindUnknown(encoder, config.role("unk_token"))
                : encoder,
            model.unkId(),
            TokenizerTemplate.edge(config.edge("bos", config.flag("add_bos_token", true), all)),
            TokenizerTemplate.edge(config.edge("eos", config.flag("add_eos_token", false), all)),
            style == Style.LLAMA && spaced,
            config.flag("clean_up_tokenization_spaces", false),
            tokens -> new LlamaDecoder(tokens, rules)));
  }

  /// The model would drop spaces at the beginning; behind the unknown token's string it keeps them.
  private static TextEncoder behindUnknown(SentencePieceEncoder encoder, @Nullable String unknown) {
    String lead = unknown == null ? "" : unknown;
    IntList leadIds = new IntList();
    encoder.encode(lead, true, IdSet.NONE, leadIds);
    return (text, first, banned, ids) -> {
      boolean spaced = text.charAt(0) == ' ' || text.charAt(0) == SentencePieceEncoder.SPACE;
      int before = ids.size();
      encoder.encode(spaced ? lead + text : text, first, banned, ids);
      if (spaced && ids.size() - before >= leadIds.size()) {
        ids.remove(before, before + leadIds.size());
      }
    };
  }

  /// Added tokens that Python's base class decodes apart: those that are not special, and
  /// additional special tokens outside the model.
  private static IdSet segments(
      Map<Integer, AddedToken> added, TokenizerConfig config, int pieces) {
    List<Integer> ids = new ArrayList<>();
    added.forEach((id, token) -> {
      String content = token.content();
      if (!config.isNamedSpecial(content) || (config.isAdditional(content) && id >= pieces)) {
        ids.add(id);
      }
    });
    return IdSet.of(ids);
  }
}
