package org.internvl4j.models.grounding;

import org.jspecify.annotations.Nullable;

/// The four numbers of a box, rounded, and where they end.
///
/// @param box what they say
/// @param end behind the closing bracket
record Numbers(Box box, int end) {
  private static final int MORE_THAN_FULL = 10 * Box.FULL;

  /// Reads `x1, y1, x2, y2]`.
  ///
  /// @param from behind the opening bracket
  /// @param to where the text ends
  /// @return null if something else stands there
  static @Nullable Numbers four(String text, int from, int to) {
    int[] values = new int[4];
    int at = from;
    for (int i = 0; i < values.length; i++) {
      at = skip(text, at, to, "");
      int end = numberEnd(text, at, to);
      if (end < 0) {
        return null;
      }
      values[i] = rounded(text, at, end);
      at = skip(text, end, to, "");
      String follows = i < values.length - 1 ? ",，" : "]";
      if (at == to || follows.indexOf(text.charAt(at)) < 0) {
        return null;
      }
      at++;
    }
    return new Numbers(Box.between(values[0], values[1], values[2], values[3]), at);
  }

  /// The first place from `from` on that has neither white space nor one of `others`.
  static int skip(String text, int from, int to, String others) {
    int at = from;
    while (at < to
        && (Character.isWhitespace(text.charAt(at)) || others.indexOf(text.charAt(at)) >= 0)) {
      at++;
    }
    return at;
  }

  /// Where the number at `from` ends: `12`, `-3`, `0.5`, `.5`, `7.`; -1 if there is none.
  private static int numberEnd(String text, int from, int to) {
    int at = from < to && text.charAt(from) == '-' ? from + 1 : from;
    int whole = digitsEnd(text, at, to);
    int end = whole;
    if (whole < to && text.charAt(whole) == '.') {
      end = digitsEnd(text, whole + 1, to);
    }
    boolean hasDigits = whole > at || end > whole + 1;
    return hasDigits ? end : -1;
  }

  private static int digitsEnd(String text, int from, int to) {
    int at = from;
    while (at < to && isDigit(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /// The nearest integer, halves up; 0 for what is negative, and some number above 1000 for
  /// whatever is far above, however many digits it has.
  private static int rounded(String text, int from, int end) {
    if (text.charAt(from) == '-') {
      return 0;
    }
    int value = 0;
    int at = from;
    while (at < end && isDigit(text.charAt(at))) {
      value = Math.min(MORE_THAN_FULL, 10 * value + text.charAt(at) - '0');
      at++;
    }
    boolean up = at + 1 < end && text.charAt(at + 1) >= '5';
    return up ? value + 1 : value;
  }
}
