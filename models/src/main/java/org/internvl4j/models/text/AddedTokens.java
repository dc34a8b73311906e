package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// The added tokens of a tokenizer, and how they cut a text: leftmost first, of several that begin
/// at one place the longest.
final class AddedTokens {
  private final Map<Integer, AddedToken> byId;
  private final StringTrie trie = new StringTrie();
  private final StringTrie normalizedTrie = new StringTrie();
  private final IdSet ids;
  private final boolean python;

  /// A part of a text.
  ///
  /// @param id of the added token it is; -1 if it is text
  record Part(int id, int start, int end) {
    boolean isText() {
      return id < 0;
    }
  }

  /// @param byId added tokens by id
  /// @param normalizer what prepares text for tokens that are looked for in normalised text; null
  ///   if all tokens are looked for in the text as it is
  /// @param python whether white space to be swallowed is Python's (`str.isspace`, which has U+001C
  ///   … U+001F too) and gone for good, or Unicode's and as in Rust's tokenizers
  AddedTokens(Map<Integer, AddedToken> byId, @Nullable Normalizer normalizer, boolean python) {
    this.byId = new TreeMap<>(byId);
    this.ids = IdSet.of(byId.keySet());
    this.python = python;
    this.byId.forEach((id, token) -> {
      if (normalizer != null && token.normalized()) {
        String content = normalizer.apply(token.content());
        if (!content.isEmpty()) {
          normalizedTrie.put(content, id);
        }
      } else {
        trie.put(token.content(), id);
      }
    });
  }

  /// The ids of all added tokens.
  IdSet ids() {
    return ids;
  }

  /// The added token of an id, or null.
  @Nullable AddedToken find(int id) {
    return byId.get(id);
  }

  /// Whether a test holds for the id of one of them at least.
  boolean anyMatch(IntPredicate test) {
    return byId.keySet().stream().anyMatch(test::test);
  }

  /// Whether tokens must be looked for in normalised text.
  boolean hasNormalized() {
    return !normalizedTrie.isEmpty();
  }

  /// Cuts a text at the tokens that are looked for in the text as it is. Tokens that touch literal
  /// characters do not count, but for grounding marks that are literal from end to end.
  List<Part> split(PromptText text) {
    return split(
        text.toString(),
        trie,
        (id, start, end) ->
            text.isTrusted(start, end) || (grounding(id) && text.isLiteral(start, end)));
  }

  /// Cuts a normalised, trusted text at the tokens that are looked for in normalised text.
  List<Part> splitNormalized(String text) {
    return split(text, normalizedTrie, (id, start, end) -> true);
  }

  private boolean grounding(int id) {
    AddedToken token = byId.get(id);
    return token != null && token.isGrounding();
  }

  private List<Part> split(String text, StringTrie tokens, StringTrie.Filter allowed) {
    List<Part> parts = new ArrayList<>();
    int done = 0;
    int from = 0;
    while (true) {
      StringTrie.Match match = tokens.first(text, from, allowed);
      if (match.end() < 0) {
        break;
      }
      from = match.end();
      AddedToken token = byId.get(match.value());
      if (token == null || (token.singleWord() && touchesWord(text, match))) {
        continue;
      }
      int start = token.leftStrip() ? skipBack(text, match.start(), done) : match.start();
      int end = token.rightStrip() ? skip(text, match.end()) : match.end();
      if (done < start) {
        parts.add(new Part(-1, done, start));
      }
      parts.add(new Part(match.value(), start, end));
      done = end;
      // Rust still finds a token of white space that the one before has swallowed.
      from = python ? end : match.end();
    }
    if (done < text.length()) {
      parts.add(new Part(-1, done, text.length()));
    }
    return parts;
  }

  private int skip(String text, int at) {
    while (at < text.length() && isSpace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private int skipBack(String text, int at, int limit) {
    while (at > limit && isSpace(text.charAt(at - 1))) {
      at--;
    }
    return at;
  }

  private boolean isSpace(char c) {
    return WordSplitter.isSpace(c) || (python && c >= 0x1C && c <= 0x1F);
  }

  private static boolean touchesWord(String text, StringTrie.Match match) {
    return (match.start() > 0 && isWord(text.codePointBefore(match.start())))
        || (match.end() < text.length() && isWord(text.codePointAt(match.end())));
  }

  /// Unicode's `\w`: alphabetic, mark, decimal digit, connector or joiner.
  private static boolean isWord(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.COMBINING_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.DECIMAL_DIGIT_NUMBER,
          Character.CONNECTOR_PUNCTUATION ->
          true;
      default -> Character.isAlphabetic(c) || c == 0x200C || c == 0x200D;
    };
  }
}
