package org.internvl4j.models.text;

/// Text of tokens that come one by one. What all calls return, put together, is [Tokenizer#decode]
/// of all the ids; no call returns half a character.
///
/// Text is held back as long as a later token can change it: a character whose bytes are not
/// complete, a space that the tokenizer's clean-up may drop, with [Specials#KEEP] in tokenizers
/// that put a space before the text in front of a special token that whole text.
///
/// For one thread.
public interface TokenStream {
  /// The text that is final now that `id` is known; often empty.
  ///
  /// @throws IllegalArgumentException if `id` is negative
  /// @throws IllegalStateException after [#finish]
  String push(int id);

  /// The rest of the text; incomplete characters become U+FFFD. Ends the stream.
  ///
  /// @throws IllegalStateException if called before
  String finish();
}
