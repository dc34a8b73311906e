package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.runtime.Tensor;

/// Runs a body over the elements of tensors: pieces of one stretch where nothing is strided or
/// repeated, rows otherwise.
final class Elementwise {
  /// Whether machine code computes stretches.
  static final boolean EMITTED = Unrolled.EMITTED && Emitted.hasStretches();

  private static final int PIECE = 2048;

  private Elementwise() {}

  /// One stretch of `n` f32 elements; positions in bytes.
  interface Unary {
    void run(MemorySegment y, long yAt, MemorySegment x, long xAt, int n);
  }

  /// One stretch of `n` f32 elements; positions in bytes.
  interface Binary {
    void run(
        MemorySegment y, long yAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n);
  }

  /// @param cost multiply-adds an element, roughly
  static void run(Pool pool, Tensor y, Tensor x, int cost, Unary body) {
    run(pool, y, x, x, cost, (ys, yAt, a, aAt, b, bAt, n) -> body.run(ys, yAt, a, aAt, n));
  }

  /// @param b shape of `a`, or contiguous with the shape of its innermost dimensions
  static void run(Pool pool, Tensor y, Tensor a, Tensor b, int cost, Binary body) {
    long size = a.shape().size();
    if (size == 0) {
      return;
    }
    boolean flat = y.isContiguous() && a.isContiguous() && b.isContiguous();
    if (flat && b.shape().size() == size) {
      pieces(pool, y, a, b, cost, body);
    } else if (b.shape().size() == 1) {
      scalar(pool, y, a, b, cost, body);
    } else {
      rows(pool, y, a, b, cost, body);
    }
  }

  private static void pieces(Pool pool, Tensor y, Tensor a, Tensor b, int cost, Binary body) {
    long size = a.shape().size();
    Rows yr = Rows.pieces(y, PIECE);
    Rows ar = Rows.pieces(a, PIECE);
    Rows br = Rows.pieces(b, PIECE);
    pool.run(
        size * cost,
        share -> {
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            int n = (int) Math.min(PIECE, size - (long) i * PIECE);
            body.run(yr.segment, yr.at(i), ar.segment, ar.at(i), br.segment, br.at(i), n);
          }
        });
  }

  private static void rows(Pool pool, Tensor y, Tensor a, Tensor b, int cost, Binary body) {
    Rows yr = Rows.of(y);
    Rows ar = Rows.of(a);
    Rows br = Rows.of(b);
    int n = a.dim(-1);
    pool.run(
        a.shape().size() * cost,
        share -> {
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            long bAt = br.at(i % br.count);
            body.run(yr.segment, yr.at(i), ar.segment, ar.at(i), br.segment, bAt, n);
          }
        });
  }

  /// One number for all elements: spread over a row first.
  private static void scalar(Pool pool, Tensor y, Tensor a, Tensor b, int cost, Binary body) {
    Rows yr = Rows.of(y);
    Rows ar = Rows.of(a);
    int n = a.dim(-1);
    MemorySegment bs = b.segment();
    long bAt = b.byteOffset();
    pool.run(
        a.shape().size() * cost,
        share -> {
          MemorySegment row = share.scratch(4L * n);
          float value = bs.get(ValueLayout.JAVA_FLOAT_UNALIGNED, bAt);
          for (int i = 0; i < n; i++) {
            row.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, value);
          }
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            body.run(yr.segment, yr.at(i), ar.segment, ar.at(i), row, 0, n);
          }
        });
  }
}
