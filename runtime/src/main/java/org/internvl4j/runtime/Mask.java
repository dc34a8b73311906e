package org.internvl4j.runtime;

import java.lang.foreign.ValueLayout;

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

  /// As [#causal(int)], with a `past` that is read from memory each time: a recorded step
  /// ([Device#record]) sees more keys each time it runs.
  ///
  /// @param past `[1]`, i32, at least 0
  static Mask past(Tensor past) {
    if (past.dtype() != DType.I32 || past.shape().size() != 1) {
      throw new IllegalArgumentException("mask: past is " + past + ", expected [1] i32");
    }
    return new Past(past);
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

  /// Nobody sees the future, which begins where memory says.
  record Past(Tensor past) implements Mask {
    @Override
    public int visible(int i, int keys) {
      int before = past.segment().get(ValueLayout.JAVA_INT_UNALIGNED, past.byteOffset());
      return Math.min(keys, before + i + 1);
    }
  }
}
