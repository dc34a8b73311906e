package org.internvl4j.models.text;

import org.internvl4j.loader.CheckpointException;

/// Makes tokenizers from the files of a checkpoint.
public final class Tokenizers {
  private Tokenizers() {}

  /// The tokenizer of a checkpoint.
  ///
  /// Reads `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json` as far as
  /// they are there and, as `tokenizer_class` says, one of
  ///
  /// - `vocab.json` and `merges.txt`: byte-level BPE, Qwen2 and later;
  /// - `tokenizer.model`: SentencePiece BPE, LlamaTokenizer and InternLM2Tokenizer;
  /// - `tokenizer.json`: BPE of either kind.
  ///
  /// Where several are there, the Python tokenizer's own files are read; those of a class that ends
  /// in `Fast` and of unknown ones come from `tokenizer.json`.
  ///
  /// @throws CheckpointException naming file and place if a file is missing, wrong or not supported
  public static Tokenizer load(TokenizerFiles files) {
    TokenizerConfig config = TokenizerConfig.read(files);
    byte[] json = files.read(TokenizerJson.FILE);
    byte[] model = files.read(SentencePieceLoader.FILE);
    byte[] vocabulary = files.read(BytePairLoader.VOCABULARY);
    byte[] merges = files.read(BytePairLoader.MERGES);
    switch (config.tokenizerClass()) {
      case "Qwen2Tokenizer" -> {
        if (vocabulary != null && merges != null) {
          return BytePairLoader.load(vocabulary, merges, config);
        }
      }
      case "LlamaTokenizer", "InternLM2Tokenizer" -> {
        if (model != null) {
          return SentencePieceLoader.load(model, config);
        }
      }
      default -> {}
    }
    if (json != null) {
      return TokenizerJson.load(json, config);
    }
    if (vocabulary != null && merges != null) {
      return BytePairLoader.load(vocabulary, merges, config);
    }
    if (model != null) {
      return SentencePieceLoader.load(model, config);
    }
    throw new CheckpointException(
        TokenizerJson.FILE,
        "is missing, and so are tokenizer.model and vocab.json with merges.txt; one is needed");
  }
}
