package org.internvl4j.models.text;

/// The decoding of one sequence of ids, token by token; what it cannot say yet it keeps.
interface TokenDecoder {
  /// @param id of a token that exists
  void push(int id, StringBuilder out);

  /// The bytes of a token in the middle of a sequence; none if it is no text.
  ///
  /// @param id of a token that exists and is no added one
  byte[] bytes(int id);

  /// Whether a space at the beginning of the first token is dropped.
  boolean dropsFirstSpace();

  /// Ends the sequence.
  void finish(StringBuilder out);

  /// Which tokens a decoder is for.
  ///
  /// @param vocabulary base and added tokens
  record Tokens(Vocabulary vocabulary, AddedTokens added, Specials specials) {
    /// Whether decoding leaves out this token.
    boolean skips(int id) {
      AddedToken token = added.find(id);
      return token != null
          && token.special()
          && switch (specials) {
            case SKIP -> true;
            case KEEP -> false;
            case KEEP_GROUNDING -> !token.isGrounding();
          };
    }

    /// The string of a token, or the empty string.
    String text(int id) {
      String text = vocabulary.find(id);
      return text == null ? "" : text;
    }
  }
}
