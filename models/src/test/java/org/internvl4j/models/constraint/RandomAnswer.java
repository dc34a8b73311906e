package org.internvl4j.models.constraint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;

/// Answers of random tokens among those that are allowed, drawn to their end.
final class RandomAnswer {
  private final Random random;

  RandomAnswer(long seed) {
    random = new Random(seed);
  }

  /// @param end the one end token
  /// @param most how many tokens it may have
  /// @return whether it ended
  boolean run(Cursor cursor, TokenTrie tokens, int end, int most) {
    for (int i = 0; i < most; i++) {
      long[] allowed = cursor.allowed();
      boolean mayEnd = (allowed[end >> 6] >> end & 1) != 0;
      assertThat(mayEnd).isEqualTo(cursor.mayEnd());
      int id = choose(allowed, tokens, i, mayEnd ? end : -1);
      cursor.accept(id);
      if (cursor.ended()) {
        return true;
      }
    }
    return false;
  }

  private int choose(long[] allowed, TokenTrie tokens, int step, int end) {
    if (end >= 0 && random.nextInt(3) == 0) {
      return end;
    }
    int count = 0;
    for (long word : allowed) {
      count += Long.bitCount(word);
    }
    assertThat(count).as("allowed tokens").isPositive();
    int best = -1;
    for (int tries = 0; tries < 1 + step / 8; tries++) {
      int id = nth(allowed, random.nextInt(count));
      if (best < 0 || closing(tokens, id) > closing(tokens, best)) {
        best = id;
      }
    }
    return best;
  }

  /// How much a token brings an answer to its end.
  private static int closing(TokenTrie tokens, int id) {
    int value = 0;
    for (byte b : tokens.bytes(id)) {
      value += b == '}' || b == ']' ? 3 : b == '"' ? 2 : b == '{' || b == '[' || b == ',' ? -3 : 0;
    }
    return tokens.bytes(id).length == 0 ? 9 : value;
  }

  private static int nth(long[] bits, int n) {
    int left = n;
    for (int i = 0; ; i++) {
      int count = Long.bitCount(bits[i]);
      if (left < count) {
        long word = bits[i];
        for (; left > 0; left--) {
          word &= word - 1;
        }
        return i * 64 + Long.numberOfTrailingZeros(word);
      }
      left -= count;
    }
  }
}
