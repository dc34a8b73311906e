package org.internvl4j.models.text;

/// The base tokenizer: ids of what stands between two added tokens. Safe for use by several
/// threads.
@FunctionalInterface
interface TextEncoder {
  /// @param text not empty, without lone surrogates
  /// @param first whether the prompt begins with it
  /// @param banned tokens that must not come out, even if others must be cut for it
  /// @param ids gets the ids
  void encode(String text, boolean first, IdSet banned, IntList ids);
}
