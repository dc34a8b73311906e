package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.EQ;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.Tensor;

/// `y[r] = argmax x[r]`: the largest value first, which a NaN spoils as `max` goes, then its place.
/// Bound by reading; the second time stops where the value is and mostly reads from cache.
final class ArgMax {
  private static final int PIECE = 512;

  private ArgMax() {}

  static void run(Pool pool, Tensor y, Tensor x) {
    Rows yr = Rows.of(y, 1);
    Rows xr = Rows.of(x);
    int n = x.dim(1);
    pool.run(
        x.shape().size(),
        share -> {
          int to = share.to(xr.count);
          for (int r = share.from(xr.count); r < to; r++) {
            int place =
                Elementwise.EMITTED
                    ? byPieces(xr.segment, xr.at(r), n)
                    : place(xr.segment, xr.at(r), n);
            yr.segment.set(JAVA_INT_UNALIGNED, yr.at(r), place);
          }
        });
  }

  /// The place, found in the first piece that has the largest element.
  private static int byPieces(MemorySegment x, long at, int n) {
    float max = Float.NEGATIVE_INFINITY;
    int best = 0;
    for (int i = 0; i < n; i += PIECE) {
      float largest = Stretches.largest(Math.min(PIECE, n - i), x, at + 4L * i);
      if (Float.isNaN(largest)) {
        return -1;
      }
      if (largest > max) {
        max = largest;
        best = i;
      }
    }
    while (x.get(JAVA_FLOAT_UNALIGNED, at + 4L * best) != max) {
      best++;
    }
    return best;
  }

  private static int place(MemorySegment x, long at, int n) {
    float max = max(x, at, n);
    return Float.isNaN(max) ? -1 : find(x, at, n, max);
  }

  private static float max(MemorySegment x, long at, int n) {
    FloatVector a = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    FloatVector b = a;
    int i = 0;
    for (; i <= n - 2 * Lanes.N; i += 2 * Lanes.N) {
      a = a.max(FloatVector.fromMemorySegment(F, x, at + 4L * i, LE));
      b = b.max(FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE));
    }
    float max = Lanes.max(a.max(b));
    for (; i < n; i++) {
      max = Math.max(max, x.get(JAVA_FLOAT_UNALIGNED, at + 4L * i));
    }
    return max;
  }

  private static int find(MemorySegment x, long at, int n, float value) {
    int i = 0;
    for (; i <= n - Lanes.N; i += Lanes.N) {
      VectorMask<Float> found =
          FloatVector.fromMemorySegment(F, x, at + 4L * i, LE).compare(EQ, value);
      if (found.anyTrue()) {
        return i + found.firstTrue();
      }
    }
    while (x.get(JAVA_FLOAT_UNALIGNED, at + 4L * i) != value) {
      i++;
    }
    return i;
  }
}
