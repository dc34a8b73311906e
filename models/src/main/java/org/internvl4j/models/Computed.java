package org.internvl4j.models;

import java.util.List;
import org.internvl4j.loader.CheckpointException;

/// What was computed is looked at before it is told.
final class Computed {
  private Computed() {}

  /// @param what `features`
  /// @return `rows`
  /// @throws CheckpointException if one of them holds what is no number
  static List<float[]> numbers(List<float[]> rows, String model, String what) {
    for (float[] row : rows) {
      for (float value : row) {
        require(!Float.isNaN(value), model, what);
      }
    }
    return rows;
  }

  /// @param what `logits`
  /// @return `row`
  /// @throws CheckpointException if it holds what is no number
  static double[] numbers(double[] row, String model, String what) {
    for (double value : row) {
      require(!Double.isNaN(value), model, what);
    }
    return row;
  }

  private static void require(boolean isNumber, String model, String what) {
    if (!isNumber) {
      throw new CheckpointException(
          model, "computed NaN for " + what + "; a weight is probably damaged");
    }
  }
}
