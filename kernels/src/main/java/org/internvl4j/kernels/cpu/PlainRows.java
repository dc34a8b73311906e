package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Products;
import org.internvl4j.runtime.DType;

/// Rows for weights that are not in blocks: as they are, or as pairs of bf16 numbers.
final class PlainRows implements RowLayout {
  private final int in;
  private final int lines; // of all inputs
  private final boolean paired; // two inputs a line
  private final long line; // bytes of the weights of an input
  private final Unrolled unrolled;

  PlainRows(Panels weights, Unrolled unrolled) {
    this.in = weights.in;
    this.unrolled = unrolled;
    paired = unrolled == Unrolled.PAIRS;
    lines = lines(in);
    line = weights.dtype == DType.BF16 ? Panels.BF16_LINE : 4L * Panels.COLUMNS;
  }

  private int lines(int inputs) {
    return paired ? inputs / 2 : inputs;
  }

  @Override
  public long bytes(int rows) {
    return RowBlocks.count(rows) * RowBlocks.bytes(lines);
  }

  @Override
  public void fill(Share share, Rows x, int from, int to, MemorySegment y) {
    if (paired) {
      RowBlocks.fillPairs(share, in, x, from, to, y);
    } else {
      RowBlocks.fill(share, in, x, from, to, y);
    }
  }

  @Override
  public int inputs(int rows, long atHand) {
    boolean together = Unrolled.EMITTED && rows <= Products.TOGETHER;
    return together ? Math.max(1, in) : (int) (atHand / line);
  }

  @Override
  public long spareBytes(int k) {
    return Unrolled.spareBytes(in);
  }

  @Override
  public void multiply(
      int k,
      int n,
      MemorySegment x,
      int first,
      int rows,
      MemorySegment w,
      long w0,
      MemorySegment y,
      long y0,
      long yStride,
      MemorySegment init,
      long i0,
      long iStride,
      long spare) {
    long x0 = RowBlocks.at(lines, first, lines(k));
    long xStride = RowBlocks.bytes(lines);
    unrolled.tiles(lines(n), x, x0, xStride, rows, w, w0, y, y0, yStride, init, i0, iStride, spare);
  }
}
