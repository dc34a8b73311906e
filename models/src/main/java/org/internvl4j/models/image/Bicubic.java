package org.internvl4j.models.image;

/// The fixed-point weights of one axis of Pillow's bicubic resize (`Resample.c`,
/// `precompute_coeffs` and `normalize_coeffs_8bpc`): sample `i` of the result is `Σ_j weight(i, j)
/// · in[first(i) + j]`, with 22 fraction bits.
///
/// The kernel is Keys' with a = -0.5 (Keys 1981), stretched by the scale when the axis shrinks.
final class Bicubic {
  static final int PRECISION = 22;
  static final int HALF = 1 << (PRECISION - 1);

  private static final double A = -0.5;
  private static final double SUPPORT = 2;

  private final int[] first;
  private final int[] taps;
  private final int[] weights;
  private final int stride;

  /// @param in samples before, at least 1
  /// @param out samples after, at least 1
  Bicubic(int in, int out) {
    double scale = (double) in / out;
    double stretch = Math.max(scale, 1);
    double support = SUPPORT * stretch;
    stride = Math.min(in, 2 * (int) Math.ceil(support) + 1);
    first = new int[out];
    taps = new int[out];
    weights = new int[Math.multiplyExact(out, stride)];
    double[] row = new double[stride];
    for (int i = 0; i < out; i++) {
      double centre = (i + 0.5) * scale;
      int lo = Math.max(0, (int) (centre - support + 0.5));
      int hi = Math.min(in, (int) (centre + support + 0.5));
      first[i] = lo;
      taps[i] = hi - lo;
      weigh(row, hi - lo, lo - centre + 0.5, 1 / stretch);
      for (int j = 0; j < hi - lo; j++) {
        weights[i * stride + j] = fixed(row[j]);
      }
    }
  }

  /// Weights of taps at distance `offset + j` from the centre; their sum is 1.
  private static void weigh(double[] row, int taps, double offset, double inverse) {
    double total = 0;
    for (int j = 0; j < taps; j++) {
      row[j] = kernel((j + offset) * inverse);
      total += row[j];
    }
    if (total != 0) {
      for (int j = 0; j < taps; j++) {
        row[j] /= total;
      }
    }
  }

  private static double kernel(double t) {
    double x = Math.abs(t);
    if (x < 1) {
      return ((A + 2) * x - (A + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
  }

  private static int fixed(double weight) {
    double scaled = weight * (1 << PRECISION);
    return (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  }

  int out() {
    return first.length;
  }

  /// Index of the first input sample that result `i` reads.
  int first(int i) {
    return first[i];
  }

  /// How many input samples result `i` reads.
  int taps(int i) {
    return taps[i];
  }

  /// The most input samples that any result reads.
  int maxTaps() {
    int max = 0;
    for (int n : taps) {
      max = Math.max(max, n);
    }
    return max;
  }

  int weight(int i, int j) {
    return weights[i * stride + j];
  }

  /// For each result the first sample and as many weights as the widest has, `[out, 1 + T]`: what
  /// kernels read ([org.internvl4j.runtime.Kernels#resizeRows]). A result that has fewer begins
  /// early enough for the others, which are 0, to be inside.
  int[] table() {
    int count = maxTaps();
    int in = first[out() - 1] + taps[out() - 1];
    int[] table = new int[Math.multiplyExact(out(), 1 + count)];
    for (int i = 0; i < out(); i++) {
      int row = i * (1 + count);
      int from = Math.min(first[i], in - count);
      table[row] = from;
      for (int j = 0; j < taps[i]; j++) {
        table[row + 1 + first[i] - from + j] = weight(i, j);
      }
    }
    return table;
  }

  /// One row of RGB pixels, resized.
  ///
  /// @param in the samples, the row beginning at `offset`
  /// @param row `[out, 3]`, overwritten
  void resizeRow(byte[] in, int offset, byte[] row) {
    for (int i = 0; i < first.length; i++) {
      int p = offset + 3 * first[i];
      int w = i * stride;
      int end = w + taps[i];
      int r = HALF;
      int g = HALF;
      int b = HALF;
      for (; w < end; w++, p += 3) {
        int weight = weights[w];
        r += (in[p] & 255) * weight;
        g += (in[p + 1] & 255) * weight;
        b += (in[p + 2] & 255) * weight;
      }
      row[3 * i] = clamp(r);
      row[3 * i + 1] = clamp(g);
      row[3 * i + 2] = clamp(b);
    }
  }

  static byte clamp(int sum) {
    return (byte) Math.clamp(sum >> PRECISION, 0, 255);
  }
}
