package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.internvl4j.runtime.Tensor;

/// Runs a body over the elements of tensors: pieces of one stretch where nothing is strided or
/// repeated, rows otherwise. The body sees whole vectors only; what is left at the end of a stretch
/// goes through it in a padded copy, so that no kernel has a tail of its own.
final class Elementwise {
  private static final int PIECE = 2048;

  private Elementwise() {}

  /// Elements of the widest vector there is: stretches are cut into multiples of it.
  private static final int PAD = 16;

  private static final long STAGE = 3 * 4L * PAD; // at the start of scratch

  /// One stretch of f32 elements, `n` a multiple of 16; positions in bytes.
  interface Unary {
    void run(MemorySegment y, long yAt, MemorySegment x, long xAt, int n);
  }

  /// One stretch of f32 elements, `n` a multiple of 16; positions in bytes.
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
            stretch(
                share, yr.segment, yr.at(i), ar.segment, ar.at(i), br.segment, br.at(i), n, body);
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
            stretch(share, yr.segment, yr.at(i), ar.segment, ar.at(i), br.segment, bAt, n, body);
          }
        });
  }

  /// One number for all elements: spread over a row first.
  private static void scalar(Pool pool, Tensor y, Tensor a, Tensor b, int cost, Binary body) {
    Rows yr = Rows.of(y);
    Rows ar = Rows.of(a);
    int n = a.dim(-1);
    float value = b.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, b.byteOffset());
    pool.run(
        a.shape().size() * cost,
        share -> {
          MemorySegment row = share.scratch(STAGE + 4L * n);
          for (int i = 0; i < n; i++) {
            row.set(ValueLayout.JAVA_FLOAT_UNALIGNED, STAGE + 4L * i, value);
          }
          int to = share.to(yr.count);
          for (int i = share.from(yr.count); i < to; i++) {
            stretch(share, yr.segment, yr.at(i), ar.segment, ar.at(i), row, STAGE, n, body);
          }
        });
  }

  private static void stretch(
      Share share,
      MemorySegment y,
      long yAt,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      int n,
      Binary body) {
    int whole = n / PAD * PAD;
    if (whole > 0) {
      body.run(y, yAt, a, aAt, b, bAt, whole);
    }
    if (whole < n) {
      MemorySegment stage = share.scratch(STAGE);
      long done = 4L * whole;
      long rest = 4L * (n - whole);
      long line = 4L * PAD;
      MemorySegment.copy(a, aAt + done, stage, 0, rest);
      MemorySegment.copy(b, bAt + done, stage, line, rest);
      body.run(stage, 2 * line, stage, 0, stage, line, PAD);
      MemorySegment.copy(stage, 2 * line, y, yAt + done, rest);
    }
  }
}
