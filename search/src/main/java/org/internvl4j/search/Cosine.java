package org.internvl4j.search;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.internvl4j.runtime.Tensor;

/// The cosine of two rows, in double.
final class Cosine {
  private Cosine() {}

  /// @param rows `[R, C]`, f32, contiguous, in memory of the host
  static double of(Tensor rows, int a, int b) {
    MemorySegment s = rows.segment();
    int n = rows.dim(1);
    long aAt = rows.byteOffset() + 4L * n * a;
    long bAt = rows.byteOffset() + 4L * n * b;
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < n; i++) {
      double x = s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, aAt + 4L * i);
      double y = s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, bAt + 4L * i);
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    return ab / Math.sqrt(aa * bb);
  }
}
