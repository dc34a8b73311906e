package org.internvl4j.models.contrastive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Arithmetic of feature vectors, summed in double.
public final class Vectors {
  private Vectors() {}

  /// `v / |v|`; zeros stay zeros.
  public static float[] normalised(float[] v) {
    double length = Math.sqrt(dot(v, v));
    float[] y = new float[v.length];
    for (int i = 0; i < v.length && length > 0; i++) {
      y[i] = (float) (v[i] / length);
    }
    return y;
  }

  /// `Σ a[i] · b[i]`.
  ///
  /// @throws IllegalArgumentException if their widths differ
  public static double dot(float[] a, float[] b) {
    requireAlike(a, b);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /// `a + b`.
  ///
  /// @throws IllegalArgumentException if their widths differ
  public static float[] sum(float[] a, float[] b) {
    requireAlike(a, b);
    float[] y = new float[a.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = a[i] + b[i];
    }
    return y;
  }

  /// The mean of some vectors.
  ///
  /// @throws IllegalArgumentException if there is none, or their widths differ
  public static float[] mean(List<float[]> vectors) {
    if (vectors.isEmpty()) {
      throw new IllegalArgumentException("vectors: expected at least one to take the mean of");
    }
    double[] sums = new double[vectors.getFirst().length];
    for (float[] v : vectors) {
      requireAlike(vectors.getFirst(), v);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += v[i];
      }
    }
    float[] mean = new float[sums.length];
    for (int i = 0; i < mean.length; i++) {
      mean[i] = (float) (sums[i] / vectors.size());
    }
    return mean;
  }

  /// `exp(x[i]) / Σ exp(x[j])`.
  public static double[] softmax(double[] x) {
    double largest = Arrays.stream(x).max().orElse(0);
    double[] y = Arrays.stream(x).map(v -> Math.exp(v - largest)).toArray();
    double sum = Arrays.stream(y).sum();
    return Arrays.stream(y).map(v -> v / sum).toArray();
  }

  /// Rows of `[N, width]`.
  static List<float[]> split(float[] all, int width) {
    List<float[]> rows = new ArrayList<>();
    for (int at = 0; at < all.length; at += width) {
      rows.add(Arrays.copyOfRange(all, at, at + width));
    }
    return rows;
  }

  private static void requireAlike(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "vectors: one has " + a.length + " values and the other " + b.length);
    }
  }
}
