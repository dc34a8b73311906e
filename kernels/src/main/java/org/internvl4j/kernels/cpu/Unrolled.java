package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Arithmetic;
import org.internvl4j.kernels.emitted.Products;

/// The kernels for weights of one dtype whose sums stay in registers: tiles for blocks of six rows,
/// a row for one. Machine code, where [Tier] says so, or generated Java with the same sums.
///
/// Java's compilers may leave one of theirs slow. Where [RateCheck] finds that, the other stands in
/// for it with the same sums: a row runs over a tile's rows one by one, a tile computes one row
/// beside five that nobody reads.
final class Unrolled {
  /// Whether machine code computes.
  static final boolean EMITTED = Tier.chosen() == Tier.EMITTED;

  /// Whether [#PAIRS] can be used.
  static final boolean PAIRED = Tier.roundsActivations(EMITTED);

  /// For panels of bf16.
  static final Unrolled BF16 = new Unrolled(Arithmetic.F32_BF16, "TileBf16", "RowBf16");

  /// For panels of f32, widened ones too.
  static final Unrolled F32 = new Unrolled(Arithmetic.F32, "TileF32", "RowF32");

  /// For panels of bf16, two lines at a time, and rows of bf16 pairs: machine code alone.
  static final Unrolled PAIRS = new Unrolled(Arithmetic.BF16, "", "");

  private final Arithmetic arithmetic;
  private final RateCheck tiles;
  private final RateCheck rows;

  private Unrolled(Arithmetic arithmetic, String tile, String row) {
    this.arithmetic = arithmetic;
    tiles = EMITTED ? RateCheck.none() : new RateCheck(tile, row);
    rows = EMITTED ? RateCheck.none() : new RateCheck(row, tile);
  }

  /// What watches tiles.
  RateCheck tiles() {
    return tiles;
  }

  /// What watches rows.
  RateCheck rows() {
    return rows;
  }

  /// Bytes of memory that a kernel needs which stands in.
  static long spareBytes(int k) {
    return RowBlocks.bytes(k);
  }

  /// Blocks of rows times a panel, the sums in the order of their terms.
  ///
  /// @param k terms of a sum
  /// @param x blocks of [RowBlocks] from `x0`, `xStride` bytes apart
  /// @param rows how many rows there are: no others are written
  /// @param w a panel from `w0`, see [Panels]
  /// @param y 32 columns a row, rows `yStride` bytes apart
  /// @param init start of the sums, rows `iStride` bytes apart: 0 for one start of all rows; it may
  ///   be `y`
  /// @param spare [#spareBytes] of `y` from here, for a row that stands in
  void tiles(
      int k,
      MemorySegment x,
      long x0,
      long xStride,
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
    if (EMITTED) {
      Products.tiles(arithmetic, k, rows, x, x0, xStride, w, w0, y, y0, yStride, init, i0, iStride);
      return;
    }
    for (int r = 0; r < rows; r += RowBlocks.ROWS) {
      long at = x0 + r / RowBlocks.ROWS * xStride;
      long to = y0 + r * yStride;
      long from = i0 + r * iStride;
      int six = Math.min(RowBlocks.ROWS, rows - r);
      tile(k, x, at, six, w, w0, y, to, yStride, init, from, iStride, spare);
    }
  }

  private void tile(
      int k,
      MemorySegment x,
      long x0,
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
    if (tiles.isSlow() && !this.rows.isSlow()) {
      for (int r = 0; r < rows; r++) {
        long to = y0 + r * yStride;
        long from = i0 + r * iStride;
        RowBlocks.take(k, x, x0, r, y, spare);
        generatedRow(k, y, spare, w, w0, w, w0, y, to, to, init, from, from);
      }
    } else {
      generatedTile(k, x, x0, rows, w, w0, y, y0, yStride, init, i0, iStride);
    }
  }

  /// A row times two panels; see [RowBf16].
  ///
  /// @param spare [#spareBytes] of `y` from here, for a tile that stands in
  void row(
      int k,
      MemorySegment x,
      long x0,
      MemorySegment w,
      long w0,
      MemorySegment v,
      long v0,
      MemorySegment y,
      long y0,
      long z0,
      MemorySegment init,
      long i0,
      long j0,
      long spare) {
    if (EMITTED) {
      Products.row(arithmetic, k, x, x0, w, w0, v, v0, y, y0, z0, init, i0, j0);
    } else if (rows.isSlow() && !tiles.isSlow()) {
      RowBlocks.put(k, x, x0, y, spare, 0);
      generatedTile(k, y, spare, 1, w, w0, y, y0, 0, init, i0, 0);
      generatedTile(k, y, spare, 1, v, v0, y, z0, 0, init, j0, 0);
    } else {
      generatedRow(k, x, x0, w, w0, v, v0, y, y0, z0, init, i0, j0);
    }
  }

  private void generatedTile(
      int k,
      MemorySegment x,
      long x0,
      int rows,
      MemorySegment w,
      long w0,
      MemorySegment y,
      long y0,
      long yStride,
      MemorySegment init,
      long i0,
      long iStride) {
    if (arithmetic == Arithmetic.F32_BF16) {
      TileBf16.run(k, x, x0, rows, w, w0, y, y0, yStride, init, i0, iStride);
    } else {
      TileF32.run(k, x, x0, rows, w, w0, y, y0, yStride, init, i0, iStride);
    }
  }

  private void generatedRow(
      int k,
      MemorySegment x,
      long x0,
      MemorySegment w,
      long w0,
      MemorySegment v,
      long v0,
      MemorySegment y,
      long y0,
      long z0,
      MemorySegment init,
      long i0,
      long j0) {
    if (arithmetic == Arithmetic.F32_BF16) {
      RowBf16.run(k, x, x0, w, w0, v, v0, y, y0, z0, init, i0, j0);
    } else {
      RowF32.run(k, x, x0, w, w0, v, v0, y, y0, z0, init, i0, j0);
    }
  }
}
