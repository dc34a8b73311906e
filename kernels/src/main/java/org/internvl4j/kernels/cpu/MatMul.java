package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y[r] = weight · x[r] + bias`. Many rows: bound by arithmetic. Workers share the panels of
/// columns; each widens its panels, a stretch of `k` at a time, and runs all rows over them. Few
/// rows are [MatVec]'s.
final class MatMul {
  /// From here on, widening and transposing the panels is paid for: measured equal at 64 rows, and
  /// five times too dear at eight.
  static final int MANY = 64;

  /// Lines of a panel: with four panels in work, a worker stays in its second-level cache.
  private static final int DEPTH = 1024;

  private static final int PANELS = 4;
  private static final long STAGE = PANELS * Panel.bytes(DEPTH);

  /// Rows that pay for widening a panel once more, where there are too few panels for all workers.
  private static final int BLOCK = 96;

  private final Rows y;
  private final Rows x;
  private final MemorySegment w;
  private final long w0;
  private final DType dtype;
  private final int in;
  private final int out;
  private final @Nullable MemorySegment bias;
  private final long bias0;

  private MatMul(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    this.y = Rows.of(y);
    this.x = Rows.of(x);
    this.w = weight.segment();
    this.w0 = weight.byteOffset();
    this.dtype = weight.dtype();
    this.in = weight.dim(1);
    this.out = weight.dim(0);
    this.bias = bias == null ? null : bias.segment();
    this.bias0 = bias == null ? 0 : bias.byteOffset();
  }

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    long rows = x.shape().rows();
    if (rows < MANY || weight.dim(1) == 0) {
      MatVec.run(pool, y, x, weight, bias);
    } else {
      new MatMul(y, x, weight, bias).run(pool);
    }
  }

  private void run(Pool pool) {
    int panels = (out + Tile.COLUMNS - 1) / Tile.COLUMNS;
    int blocks = panels >= 8 * pool.workers() ? 1 : (x.count + BLOCK - 1) / BLOCK;
    pool.run(
        (long) x.count * in * out,
        share -> {
          MemorySegment scratch = share.scratch(STAGE + Tile.STAGE);
          int to = share.to(panels * blocks);
          for (int u = share.from(panels * blocks); u < to; ) {
            int count = blocks == 1 ? Math.min(PANELS, to - u) : 1;
            int row = u % blocks * BLOCK;
            int end = blocks == 1 ? x.count : Math.min(x.count, row + BLOCK);
            panels(scratch, u / blocks, count, row, end);
            u += count;
          }
        });
  }

  /// Rows `row … end − 1` of the columns of panels `panel … panel + count − 1`.
  private void panels(MemorySegment scratch, int panel, int count, int row, int end) {
    for (int k = 0; k < in; k += DEPTH) {
      int depth = Math.min(DEPTH, in - k);
      for (int j = 0; j < count; j++) {
        int c = (panel + j) * Tile.COLUMNS;
        int columns = Math.min(Tile.COLUMNS, out - c);
        long stride = (long) in * dtype.bytes();
        long at = w0 + c * stride + (long) k * dtype.bytes();
        Panel.fill(scratch, j * Panel.bytes(DEPTH), w, dtype, at, stride, columns, depth);
      }
      for (int r = row; r < end; ) {
        int rows = Math.min(Tile.ROWS, Math.min(x.following(r, end), y.following(r, end)));
        for (int j = 0; j < count; j++) {
          tile(scratch, j * Panel.bytes(DEPTH), (panel + j) * Tile.COLUMNS, r, rows, k, depth);
        }
        r += rows;
      }
    }
  }

  private void tile(MemorySegment scratch, long b0, int c, int r, int rows, int k, int depth) {
    int columns = Math.min(Tile.COLUMNS, out - c);
    long xAt = x.at(r) + 4L * k;
    long yAt = y.at(r) + 4L * c;
    MemorySegment init = y.segment;
    long i0 = yAt;
    long iStride = y.stride;
    if (k == 0) {
      init = bias == null ? Tile.ZERO : bias;
      i0 = bias == null ? 0 : bias0 + 4L * c;
      iStride = 0;
    }
    Tile.some(
        depth, x.segment, xAt, x.stride, rows, scratch, b0, y.segment, yAt, y.stride, init, i0,
        iStride, columns, STAGE);
  }
}
