package org.internvl4j.models;

import org.internvl4j.runtime.Tensor;

/// What a pass says about the tokens that follow its rows. They are chosen where the logits are;
/// the logits themselves are copied only for whoever wants more.
///
/// Goes with the memory of its step.
final class Logits {
  private static final float[] NOTHING = {};

  private final Tensor[] rows; // [1, V] each
  private final Tensor chosen; // [R]
  private final int[] chosenIds;
  private float[] values = NOTHING;

  /// @param logits `[R, V]`
  /// @param chosen `[R]`, i32: the tokens that follow
  Logits(Tensor logits, Tensor chosen) {
    this.rows = new Tensor[logits.dim(0)];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = logits.narrow(0, i, 1);
    }
    this.chosen = chosen;
    this.chosenIds = new int[rows.length];
  }

  /// The chosen tokens, where they were chosen, `[R]`.
  Tensor chosen() {
    return chosen;
  }

  /// Waits for the step and fetches the chosen tokens.
  ///
  /// @return this
  Logits fetch() {
    chosen.toInts(chosenIds);
    return this;
  }

  /// The token that follows row `row`, as it was fetched last; below 0 if there is none: −1 if the
  /// logits are no numbers.
  int chosen(int row) {
    return chosenIds[row];
  }

  /// Logits of the token after row `row`, `[V]`; overwritten by the next call.
  float[] values(int row) {
    if (values.length == 0) {
      values = new float[rows[row].dim(1)];
    }
    rows[row].toFloats(values);
    return values;
  }

  /// The likeliest token, the lowest id of equally likely ones.
  ///
  /// @param logits `[V]`
  static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }
}
