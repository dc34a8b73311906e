package org.internvl4j.models.text;

import java.util.ArrayList;
import java.util.List;

/// Drops the spaces that tokenizers of old put before punctuation (transformers
/// `clean_up_tokenization`): ten replacements, one after the other over the whole text, here on a
/// text that comes in parts.
final class CleanUp {
  private static final String[][] RULES = {
    {" .", "."},
    {" ?", "?"},
    {" !", "!"},
    {" ,", ","},
    {" ' ", "'"},
    {" n't", "n't"},
    {" 'm", "'m"},
    {" 's", "'s"},
    {" 've", "'ve"},
    {" 're", "'re"}
  };

  private final List<Replacer> replacers = new ArrayList<>();

  CleanUp() {
    for (String[] rule : RULES) {
      replacers.add(new Replacer(rule[0], rule[1]));
    }
  }

  /// Adds text.
  ///
  /// @return what is final now
  String push(CharSequence part) {
    String text = part.toString();
    for (Replacer replacer : replacers) {
      text = replacer.push(text);
    }
    return text;
  }

  /// Ends the text; another may follow.
  String finish() {
    String text = "";
    for (Replacer replacer : replacers) {
      text = replacer.push(text) + replacer.finish();
    }
    return text;
  }

  /// One replacement over a text that comes in parts.
  static final class Replacer {
    private final String what;
    private final String by;
    private String held = "";

    /// @param what not empty
    Replacer(String what, String by) {
      this.what = what;
      this.by = by;
    }

    String push(String part) {
      if (part.isEmpty()) {
        return "";
      }
      String text = held + part;
      StringBuilder out = new StringBuilder();
      int from = 0;
      for (int at = text.indexOf(what); at >= 0; at = text.indexOf(what, from)) {
        out.append(text, from, at).append(by);
        from = at + what.length();
      }
      int keep = Math.min(what.length() - 1, text.length() - from);
      while (!text.regionMatches(text.length() - keep, what, 0, keep)) {
        keep--;
      }
      held = text.substring(text.length() - keep);
      return out.append(text, from, text.length() - keep).toString();
    }

    String finish() {
      String rest = held;
      held = "";
      return rest;
    }
  }
}
