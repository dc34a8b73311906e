package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Stretches;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Tensor;

/// `y = x` in `y`'s dtype. Rows that lie side by side in both move as one stretch; a packed matrix
/// is unpacked.
final class Copy {
  private Copy() {}

  /// `n` elements that lie side by side in both; positions in bytes.
  @FunctionalInterface
  interface Stretch {
    void copy(MemorySegment y, DType to, long yAt, MemorySegment x, DType from, long xAt, int n);
  }

  /// @param body what copies a stretch
  static void run(Pool pool, Tensor y, Tensor x, Stretch body) {
    if (x.shape().size() == 0) {
      return;
    }
    if (x.isPacked()) {
      Packing.unpack(pool, y, x);
      return;
    }
    if (x.rank() == 0 || (x.isContiguous() && y.isContiguous())) {
      pieces(pool, y, x, body);
    } else if (innermostIsDense(x) && innermostIsDense(y)) {
      rows(pool, y, x, body);
    } else {
      elements(pool, y, x, body);
    }
  }

  private static boolean innermostIsDense(Tensor t) {
    return t.dim(-1) == 1 || t.stride(-1) == 1;
  }

  private static void pieces(Pool pool, Tensor y, Tensor x, Stretch body) {
    int piece = 1 << 14;
    long size = x.shape().size();
    Rows yr = Rows.pieces(y, piece);
    Rows xr = Rows.pieces(x, piece);
    pool.run(
        size,
        share -> {
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            int n = (int) Math.min(piece, size - (long) i * piece);
            body.copy(yr.segment, y.dtype(), yr.at(i), xr.segment, x.dtype(), xr.at(i), n);
          }
        });
  }

  private static void rows(Pool pool, Tensor y, Tensor x, Stretch body) {
    Rows yr = Rows.of(y);
    Rows xr = Rows.of(x);
    int n = x.dim(-1);
    pool.run(
        x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            body.copy(yr.segment, y.dtype(), yr.at(i), xr.segment, x.dtype(), xr.at(i), n);
          }
        });
  }

  private static void elements(Pool pool, Tensor y, Tensor x, Stretch body) {
    Rows yr = Rows.of(y, y.rank());
    Rows xr = Rows.of(x, x.rank());
    pool.run(
        4 * x.shape().size(),
        share -> {
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            body.copy(yr.segment, y.dtype(), yr.at(i), xr.segment, x.dtype(), xr.at(i), 1);
          }
        });
  }

  /// As [Stretch], with machine code.
  static void emitted(
      MemorySegment y, DType to, long yAt, MemorySegment x, DType from, long xAt, int n) {
    if (from == DType.BF16 && to == DType.F32) {
      Stretches.widen(n, y, yAt, x, xAt);
    } else {
      stretch(y, to, yAt, x, from, xAt, n);
    }
  }

  /// As [Stretch], with plain loops.
  static void stretch(
      MemorySegment y, DType to, long yAt, MemorySegment x, DType from, long xAt, int n) {
    if (from == to) {
      MemorySegment.copy(x, xAt, y, yAt, (long) n * to.bytes());
    } else if (from == DType.BF16 && to == DType.F32) {
      for (int i = 0; i < n; i++) {
        float value = Elements.bf16ToFloat(x.get(JAVA_SHORT_UNALIGNED, xAt + 2L * i));
        y.set(JAVA_FLOAT_UNALIGNED, yAt + 4L * i, value);
      }
    } else {
      for (int i = 0; i < n; i++) {
        float value = Elements.getAt(x, from, xAt + (long) i * from.bytes());
        Elements.setAt(y, to, yAt + (long) i * to.bytes(), value);
      }
    }
  }
}
