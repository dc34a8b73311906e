package org.internvl4j.models;

import org.internvl4j.runtime.Tensor;

/// What a pass says about the tokens that follow its rows. The likeliest of each row is found where
/// the logits are; the logits themselves are copied only for whoever wants more.
///
/// Goes with the memory of its step.
final class Logits {
  private static final float[] NOTHING = {};

  private final Tensor[] rows; // [1, V] each
  private final Tensor best; // [R]
  private final int[] bestIds;
  private float[] values = NOTHING;

  /// Finds the likeliest tokens: part of the step that made the logits.
  ///
  /// @param logits `[R, V]`
  Logits(Tensor logits) {
    this.rows = new Tensor[logits.dim(0)];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = logits.narrow(0, i, 1);
    }
    this.best = logits.argMax();
    this.bestIds = new int[rows.length];
  }

  /// The likeliest tokens, where they were found, `[R]`.
  Tensor best() {
    return best;
  }

  /// Waits for the step and fetches the likeliest tokens.
  ///
  /// @return this
  Logits fetch() {
    best.toInts(bestIds);
    return this;
  }

  /// The likeliest token after row `row` when they were fetched last, the lowest id of equally
  /// likely ones; −1 if the logits are no numbers.
  int best(int row) {
    return bestIds[row];
  }

  /// Logits of the token after row `row`, `[V]`; overwritten by the next call.
  float[] values(int row) {
    if (values.length == 0) {
      values = new float[rows[row].dim(1)];
    }
    rows[row].toFloats(values);
    return values;
  }
}
