package org.internvl4j.models;

import java.util.Arrays;
import org.internvl4j.runtime.Tensor;

/// The mean of the decoder's last states over all tokens, after the final norm, of length 1: what a
/// text, its pictures included, is about.
final class Pooled {
  private final double[] sum;
  private int rows;

  /// @param width C
  Pooled(int width) {
    this.sum = new double[width];
  }

  /// @param states `[T, C]`, after the final norm
  void add(Tensor states) {
    float[] values = states.toFloats();
    for (int i = 0; i < values.length; i++) {
      sum[i % sum.length] += values[i];
    }
    rows += states.dim(0);
  }

  /// Forgets everything.
  void clear() {
    Arrays.fill(sum, 0);
    rows = 0;
  }

  int rows() {
    return rows;
  }

  /// `[C]`, of length 1; zeros where the sum is.
  float[] vector() {
    double square = 0;
    for (double x : sum) {
      square += x * x;
    }
    double scale = square == 0 ? 0 : 1 / Math.sqrt(square);
    float[] vector = new float[sum.length];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) (sum[i] * scale);
    }
    return vector;
  }
}
