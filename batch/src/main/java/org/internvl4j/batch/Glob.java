package org.internvl4j.batch;

import java.util.regex.Pattern;

/// A pattern of paths as shells have them: `*` and `?` stand for letters of a name, `**` for
/// anything, `**/` for any folders or none, `[a-c]` and `[!a-c]` for one letter, `{a,b}` for
/// either; `\` takes the meaning from what follows. One thread.
final class Glob {
  private static final String LETTER = "[^/]";

  private final String glob;
  private final StringBuilder regex = new StringBuilder();
  private int at;
  private int group = -1; // where the group that is open begins

  private Glob(String glob) {
    this.glob = glob;
  }

  /// What paths look like that a pattern fits, with slashes between folders.
  ///
  /// @throws IllegalArgumentException if it is none, in one sentence
  static Pattern of(String glob) {
    return new Glob(glob).parse();
  }

  private Pattern parse() {
    while (at < glob.length()) {
      int c = next();
      switch (c) {
        case '*' -> regex.append(stars());
        case '?' -> regex.append(LETTER);
        case '[' -> bracket(at - 1);
        case '{' -> open();
        case '\\' -> literal(escaped());
        default -> inGroup(c);
      }
    }
    if (group >= 0) {
      throw wrong(group, "is not closed");
    }
    return Pattern.compile(regex.toString(), Pattern.DOTALL); // names may have lines
  }

  private int next() {
    int c = glob.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  private boolean skip(char c) {
    boolean isThere = at < glob.length() && glob.charAt(at) == c;
    at += isThere ? 1 : 0;
    return isThere;
  }

  private String stars() {
    boolean beginsName = at == 1 || glob.charAt(at - 2) == '/';
    if (!skip('*')) {
      return LETTER + "*";
    }
    return beginsName && skip('/') ? "(?:.*/)?" : ".*";
  }

  private void open() {
    if (group >= 0) {
      throw wrong(at - 1, "is inside of another one");
    }
    group = at - 1;
    regex.append("(?:");
  }

  private void inGroup(int c) {
    if (group >= 0 && c == '}') {
      group = -1;
      regex.append(')');
    } else if (group >= 0 && c == ',') {
      regex.append('|');
    } else {
      literal(c);
    }
  }

  private int escaped() {
    if (at == glob.length()) {
      throw wrong(at - 1, "has nothing behind it");
    }
    return next();
  }

  private void literal(int c) {
    regex.append("\\x{").append(Integer.toHexString(c)).append('}');
  }

  /// One letter of several; a `]` that comes first is one of them.
  private void bracket(int begin) {
    regex.append("(?!/)[").append(skip('!') ? "^" : "");
    int first = at;
    while (at == first || !skip(']')) {
      if (at == glob.length()) {
        throw wrong(begin, "is not closed");
      }
      int from = next();
      literal(from);
      boolean isRange =
          at + 1 < glob.length() && glob.charAt(at) == '-' && glob.charAt(at + 1) != ']';
      if (isRange) {
        at++;
        int to = next();
        if (to < from) {
          throw wrong(begin, "has a range that ends before it begins");
        }
        regex.append('-');
        literal(to);
      }
    }
    regex.append(']');
  }

  private IllegalArgumentException wrong(int where, String what) {
    return new IllegalArgumentException(
        "%s: is no pattern: the %s at character %d %s; put \\ before it if it is a part of a name"
            .formatted(glob, glob.charAt(where), where + 1, what));
  }
}
