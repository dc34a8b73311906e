package org.internvl4j.models;

import org.internvl4j.models.text.IntList;

/// Guesses at the tokens that come next: those that followed when the last few tokens came before,
/// in the prompt or in the answer (prompt lookup, Saxena 2023). A guess costs little, since a pass
/// of a few rows takes hardly longer than one of a single row, and is right where an answer repeats
/// what it reads.
///
/// Text only: an image token's id stands for a place, not for what is seen there.
final class Drafts {
  /// Most tokens of a guess: a pass of eight rows is one of few rows for every kernel.
  static final int MOST = 7;

  private static final int LONGEST = 3; // tokens that must have come before
  private static final int SHORTEST = 2;

  private final Prompt prompt;
  private final IntList made;
  private final int[] ids = new int[MOST];

  /// @param made the answer so far, which grows
  Drafts(Prompt prompt, IntList made) {
    this.prompt = prompt;
    this.made = made;
  }

  /// Guesses anew.
  ///
  /// @param most tokens wanted, at most [#MOST]
  /// @return how many tokens were found
  int find(int most) {
    for (int n = LONGEST; n >= SHORTEST && most > 0; n--) {
      int next = lastTime(n);
      if (next >= 0) {
        return copy(next, most);
      }
    }
    return 0;
  }

  /// Token `i` of the last guess.
  int id(int i) {
    return ids[i];
  }

  private int length() {
    return prompt.length() + made.size();
  }

  private int token(int i) {
    return i < prompt.length() ? prompt.ids()[i] : made.get(i - prompt.length());
  }

  /// Where a text token follows the latest earlier occurrence of the last `n` tokens, or -1.
  private int lastTime(int n) {
    int end = length();
    for (int i = 1; i <= Math.min(n, end); i++) {
      if (token(end - i) == prompt.imageToken()) {
        return -1;
      }
    }
    for (int next = end - 1; next >= n; next--) {
      if (token(next) != prompt.imageToken() && same(next - n, end - n, n)) {
        return next;
      }
    }
    return -1;
  }

  private boolean same(int a, int b, int n) {
    for (int i = n - 1; i >= 0; i--) {
      if (token(a + i) != token(b + i)) {
        return false;
      }
    }
    return true;
  }

  /// Tokens from `from` on, past the end into the guess itself: what goes in circles goes on so.
  private int copy(int from, int most) {
    int end = length();
    int count = 0;
    while (count < most) {
      int i = from + count;
      int id = i < end ? token(i) : ids[i - end];
      if (id == prompt.imageToken()) {
        break;
      }
      ids[count++] = id;
    }
    return count;
  }
}
