package org.internvl4j.models.text;

import org.internvl4j.loader.json.Json;

/// A token that is found in the text before the base tokenizer sees it.
///
/// @param leftStrip whether it swallows white space in front
/// @param rightStrip whether it swallows white space behind
/// @param singleWord whether it counts only where no letter, digit or underscore touches it
/// @param normalized whether it is looked for in the normalised text
/// @param special whether decoding can leave it out
record AddedToken(
    String content,
    boolean leftStrip,
    boolean rightStrip,
    boolean singleWord,
    boolean normalized,
    boolean special) {

  /// A control token.
  static AddedToken special(String content) {
    return new AddedToken(content, false, false, false, false, true);
  }

  /// A token of `added_tokens.json`, which has no flags.
  static AddedToken plain(String content, boolean special) {
    return new AddedToken(content, false, false, false, !special, special);
  }

  /// An entry of `added_tokens_decoder` or of `added_tokens`.
  static AddedToken of(Json entry) {
    Json content = entry.at("content");
    if (content.asText().isEmpty()) {
      throw content.wrong("a token that is not empty");
    }
    boolean special = entry.getBoolean("special", false);
    return new AddedToken(
        content.asText(),
        entry.getBoolean("lstrip", false),
        entry.getBoolean("rstrip", false),
        entry.getBoolean("single_word", false),
        entry.getBoolean("normalized", !special),
        special);
  }

  AddedToken withSpecial(boolean isSpecial) {
    return new AddedToken(content, leftStrip, rightStrip, singleWord, normalized, isSpecial);
  }

  /// Whether it marks a region of a picture or its name; users may write these.
  boolean isGrounding() {
    return switch (content) {
      case "<ref>", "</ref>", "<box>", "</box>" -> true;
      default -> false;
    };
  }
}
