package org.internvl4j.models.text;

/// Cuts a text into words as these patterns do, without a regex engine, whose recursion overflows
/// on long runs; every character lands in exactly one word.
///
/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
/// ```
///
/// Qwen2 and later have `\p{N}`, Llama-3 has `\p{N}{1,3}`. `\s` is Unicode White_Space, `(?i)`
/// folds U+017F to `s`, categories are those of the Unicode version of the JDK.
///
/// @param digits how many numbers make a word at most: 1 or 3
record WordSplitter(int digits) {
  static final String QWEN2 = pattern("\\p{N}");
  static final String LLAMA3 = pattern("\\p{N}{1,3}");

  private static final int LETTER = 0;
  private static final int NUMBER = 1;
  private static final int SPACE = 2;
  private static final int OTHER = 3;

  private static String pattern(String numbers) {
    return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
        + numbers
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }

  /// The end of the word that begins at `start`.
  ///
  /// @param start `0 … text.length() - 1`, not inside a surrogate pair
  int end(String text, int start) {
    int c = text.codePointAt(start);
    if (c == '\'') {
      int end = contraction(text, start + 1);
      if (end > 0) {
        return end;
      }
    }
    int after = start + Character.charCount(c);
    int kind = kind(c);
    if (kind == LETTER) {
      return run(text, after, LETTER);
    }
    if (kind == NUMBER) {
      return numbers(text, after);
    }
    int nextKind = after < text.length() ? kind(text.codePointAt(after)) : -1;
    if (nextKind == LETTER && c != '\r' && c != '\n') {
      return run(text, after, LETTER);
    }
    if (kind == OTHER || (c == ' ' && nextKind == OTHER)) {
      return lineEnds(text, run(text, after, OTHER));
    }
    return spaces(text, start);
  }

  /// The end of `s`, `t`, `re`, `ve`, `m`, `ll`, `d` at `at`, or -1.
  private static int contraction(String text, int at) {
    char first = at < text.length() ? lower(text.charAt(at)) : 0;
    char second = at + 1 < text.length() ? lower(text.charAt(at + 1)) : 0;
    return switch (first) {
      case 's', 't', 'm', 'd' -> at + 1;
      case 'r', 'v' -> second == 'e' ? at + 2 : -1;
      case 'l' -> second == 'l' ? at + 2 : -1;
      default -> -1;
    };
  }

  private static char lower(char c) {
    return c == '\u017F' ? 's' : c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
  }

  private static int run(String text, int at, int kind) {
    while (at < text.length()) {
      int c = text.codePointAt(at);
      if (kind(c) != kind) {
        break;
      }
      at += Character.charCount(c);
    }
    return at;
  }

  private int numbers(String text, int at) {
    for (int i = 1; i < digits && at < text.length(); i++) {
      int c = text.codePointAt(at);
      if (kind(c) != NUMBER) {
        break;
      }
      at += Character.charCount(c);
    }
    return at;
  }

  private static int lineEnds(String text, int at) {
    while (at < text.length() && (text.charAt(at) == '\r' || text.charAt(at) == '\n')) {
      at++;
    }
    return at;
  }

  /// White space up to its last line end; without one, all of it before the last character if a
  /// word follows. White space lies in the basic plane.
  private static int spaces(String text, int start) {
    int end = start;
    int lineEnd = -1;
    while (end < text.length() && isSpace(text.charAt(end))) {
      char c = text.charAt(end++);
      if (c == '\r' || c == '\n') {
        lineEnd = end;
      }
    }
    if (lineEnd > 0) {
      return lineEnd;
    }
    return end < text.length() && end - start > 1 ? end - 1 : end;
  }

  private static int kind(int c) {
    if (isSpace(c)) {
      return SPACE;
    }
    return switch (Character.getType(c)) {
      case Character.UPPERCASE_LETTER,
          Character.LOWERCASE_LETTER,
          Character.TITLECASE_LETTER,
          Character.MODIFIER_LETTER,
          Character.OTHER_LETTER ->
          LETTER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      default -> OTHER;
    };
  }

  /// Whether a character has the Unicode property White_Space.
  static boolean isSpace(int c) {
    return switch (c) {
      case ' ', 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
      default -> (c >= 9 && c <= 13) || (c >= 0x2000 && c <= 0x200A);
    };
  }
}
