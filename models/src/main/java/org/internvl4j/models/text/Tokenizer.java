package org.internvl4j.models.text;

import java.util.OptionalInt;

/// Text to token ids and back, as the tokenizer files of a checkpoint say.
///
/// Immutable, safe for use by several threads. [Tokenizers#load] makes one.
public interface Tokenizer {
  /// How many ids there are: every token has an id of `0 … size() - 1`; some of them may be unused.
  int size();

  /// The id of a base or added token by its exact stored string: `<|im_end|>`, `Ġthe`, `▁the`.
  OptionalInt id(String token);

  /// The stored string of a token. An added token hides the base token of the same id.
  ///
  /// @throws IllegalArgumentException if no token has this id
  String token(int id);

  /// The ids of a text, with the tokens the files put at its beginning and its end.
  ///
  /// Added tokens are found only where they lie wholly in trusted text; in literal text only the
  /// four grounding marks `<ref> </ref> <box> </box>` are. Whatever a user types, no other added
  /// token comes out of it. What lies between two added tokens is one piece for the base tokenizer,
  /// trusted and literal text together. Lone surrogates count as U+FFFD.
  int[] encode(PromptText text);

  /// The text of the tokens, as the reference decodes them: UTF-8 that is not whole becomes U+FFFD,
  /// and an id that names no token nothing.
  ///
  /// @throws IllegalArgumentException if an id is negative
  String decode(int[] ids, Specials specials);

  /// The bytes a token stands for in the middle of an answer: of `<0xE7>` one, of `▁the` four. None
  /// for added tokens, control tokens, the unknown token and ids that name no token.
  ///
  /// @throws IllegalArgumentException if the id is negative
  byte[] bytes(int id);

  /// Whether decoding drops a space at the beginning of the first token.
  boolean dropsFirstSpace();

  /// A decoder that takes one id at a time.
  TokenStream stream(Specials specials);
}
