package org.internvl4j.runtime;

/// Keys and values of a sequence in one layer, in pages that lie anywhere: token `t` is token `t
/// mod S` of the page that `table[t / S]` numbers. Sequences may share pages.
///
/// P pages there are, S tokens of a page, n pages that the sequence may have.
///
/// @param keys `[P, K, S, D]`, S a power of two, at least 16
/// @param values `[P, K, S, D]`
/// @param table `[n]`, i32, contiguous; read when a kernel runs, so a recorded step
///   ([Device#record]) finds pages that came later. Each number is in `0 … P-1`, as far as tokens
///   are read or written
public record Pages(Tensor keys, Tensor values, Tensor table) {
  /// The shortest page.
  public static final int SHORTEST = 16;

  /// @throws IllegalArgumentException if these do not belong together
  public Pages {
    if (keys.rank() != 4
        || !values.shape().equals(keys.shape())
        || values.dtype() != keys.dtype()
        || keys.stride(3) != 1
        || values.stride(3) != 1) {
      throw new IllegalArgumentException(
          "pages: keys are " + keys + " and values are " + values + ", expected [P, K, S, D] both");
    }
    requireSize(keys.dim(2));
    if (table.dtype() != DType.I32 || table.rank() != 1 || !table.isContiguous()) {
      throw new IllegalArgumentException("pages: table is " + table + ", expected [n] i32");
    }
  }

  /// @throws IllegalArgumentException if pages cannot have so many tokens
  static void requireSize(int tokens) {
    if (tokens < SHORTEST || Integer.bitCount(tokens) != 1) {
      throw new IllegalArgumentException(
          "pages: of " + tokens + " tokens, expected a power of two that is at least " + SHORTEST);
    }
  }

  /// Tokens of a page: S.
  public int size() {
    return keys.dim(2);
  }

  /// Tokens that the table has numbers for: n · S.
  public int capacity() {
    return Math.multiplyExact(table.dim(0), size());
  }

  /// K, key/value heads.
  public int kvHeads() {
    return keys.dim(1);
  }

  @Override
  public String toString() {
    return "keys " + keys + " in the order of a table " + table;
  }
}
