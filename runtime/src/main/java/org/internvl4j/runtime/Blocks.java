package org.internvl4j.runtime;

/// How [DType#Q8] and [DType#Q4] round weights: blocks of 32 along the inputs of a matrix row, one
/// scale each, symmetric.
///
/// A weight is `q · scale`, `q` an integer of `-127 … 127` or `-8 … 7`. The scale is a bf16 that
/// takes the weight of the largest magnitude to ±127, or to −8: what is rounded once stays as it is
/// when rounded again. The last block of a row may be shorter. A block with a NaN or an infinity is
/// all NaN.
public final class Blocks {
  /// Weights that share a scale.
  public static final int LENGTH = 32;

  private Blocks() {}

  /// The scale of `w[from … from + count - 1]`, a bf16.
  ///
  /// @param dtype [DType#Q8] or [DType#Q4]
  public static float scale(DType dtype, float[] w, int from, int count) {
    float largest = 0;
    for (int i = from; i < from + count; i++) {
      largest = Math.abs(w[i]) > Math.abs(largest) || Float.isNaN(w[i]) ? w[i] : largest;
      if (!Float.isFinite(largest)) {
        return Float.NaN;
      }
    }
    float exact = dtype == DType.Q8 ? Math.abs(largest) / 127 : largest / -8;
    float scale = Elements.bf16ToFloat(Elements.floatToBf16(exact));
    return Math.abs(scale) < Float.MIN_NORMAL ? 0 : scale;
  }

  /// The integer that stands for a weight.
  public static int quantum(DType dtype, float weight, float scale) {
    if (scale == 0) {
      return 0;
    }
    int q = (int) Math.rint(weight / scale);
    return dtype == DType.Q8 ? Math.clamp(q, -127, 127) : Math.clamp(q, -8, 7);
  }

  /// Puts in the place of each weight of a row what its block keeps of it.
  public static void round(DType dtype, float[] row) {
    for (int from = 0; from < row.length; from += LENGTH) {
      int count = Math.min(LENGTH, row.length - from);
      float scale = scale(dtype, row, from, count);
      for (int i = from; i < from + count; i++) {
        row[i] = quantum(dtype, row[i], scale) * scale;
      }
    }
  }
}
