package org.internvl4j.models;

import java.util.List;
import java.util.function.Consumer;

/// The text of one answer as it grows: white space at both ends is dropped, and nothing is passed
/// on that may turn out to belong to a stop text.
final class AnswerText {
  private final List<String> stops;
  private final Consumer<String> listener;
  private final StringBuilder text = new StringBuilder();
  private int told; // characters of text passed on
  private boolean stopped;

  AnswerText(List<String> stops, Consumer<String> listener) {
    this.stops = stops;
    this.listener = listener;
  }

  /// @param piece what the newest token adds
  /// @return whether a stop text has come
  boolean add(String piece) {
    text.append(piece);
    if (told == 0) {
      text.delete(0, leading(text));
    }
    cut();
    if (!stopped) {
      tell(trailing(text.substring(0, possibleStop())));
    }
    return stopped;
  }

  /// @return the whole answer, once nothing more comes
  String finish() {
    text.setLength(trailing(text));
    tell(text.length());
    return text.toString();
  }

  /// A text without white space at its ends and without what follows the first stop text.
  static String strip(String text, List<String> stops) {
    AnswerText answer = new AnswerText(stops, piece -> {});
    answer.add(text);
    return answer.finish();
  }

  private void cut() {
    for (String stop : stops) {
      int at = text.indexOf(stop, Math.max(0, told - stop.length()));
      if (at >= 0) {
        text.setLength(at);
        stopped = true;
      }
    }
  }

  private void tell(int end) {
    if (end > told) {
      listener.accept(text.substring(told, end));
      told = end;
    }
  }

  /// Where the longest ending begins that is the beginning of a stop text.
  private int possibleStop() {
    int from = text.length();
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, text.length()); n > 0; n--) {
        if (stop.startsWith(text.substring(text.length() - n))) {
          from = Math.min(from, text.length() - n);
          break;
        }
      }
    }
    return from;
  }

  private static int leading(CharSequence text) {
    int i = 0;
    while (i < text.length() && isWhiteSpace(text.charAt(i))) {
      i++;
    }
    return i;
  }

  private static int trailing(CharSequence text) {
    int i = text.length();
    while (i > 0 && isWhiteSpace(text.charAt(i - 1))) {
      i--;
    }
    return i;
  }

  /// What Python's `str.strip` drops, which the reference applies to answers.
  private static boolean isWhiteSpace(char c) {
    return Character.isWhitespace(c)
        || c == '\u0085'
        || c == '\u00a0'
        || c == '\u2007'
        || c == '\u202f';
  }
}
