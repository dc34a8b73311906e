package org.internvl4j.runtime;

/// Who may look at whom in attention.
public sealed interface Mask {
  /// Every query sees every key.
  Mask NONE = new None();

  /// Query `i` sees the keys `0 … past + i`.
  ///
  /// @param past keys that come before the first query, in tokens
  static Mask causal(int past) {
    return new Causal(past);
  }

  /// How many of `keys` keys query `i` sees: always the first ones.
  int visible(int i, int keys);

  /// Everybody sees everybody.
  record None() implements Mask {
    @Override
    public int visible(int i, int keys) {
      return keys;
    }
  }

  /// Nobody sees the future.
  record Causal(int past) implements Mask {
    @Override
    public int visible(int i, int keys) {
      return Math.min(keys, past + i + 1);
    }
  }
}
