package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;

/// Many rows of activations as products with panels read them, in memory that workers share, and
/// these products. Few rows are [FewRows].
interface RowLayout {
  /// Bytes of `rows` rows.
  long bytes(int rows);

  /// Lays out rows `from … to − 1`, workers sharing them.
  ///
  /// @param y they go to its begin
  void fill(Share share, Rows x, int from, int to, MemorySegment y);

  /// Inputs that are multiplied at a time: all where the sums of all rows are in registers
  /// together, since weights are then read once, in their order.
  ///
  /// @param atHand bytes of a panel that many rows use again
  int inputs(int rows, long atHand);

  /// Bytes of scratch that [#multiply] takes, `k` inputs at a time.
  long spareBytes(int k);

  /// Adds what `n` inputs from `k` on give to the sums of a panel's columns.
  ///
  /// @param x rows as [#fill] left them
  /// @param first of the rows, the first of a block of [RowBlocks]
  /// @param w the panel from `w0`, the weights for input `k`
  /// @param y 32 columns a row, rows `yStride` bytes apart
  /// @param init start of the sums, rows `iStride` bytes apart: 0 for one start of all rows; it may
  ///   be `y`
  /// @param spare [#spareBytes] of `y` from here
  void multiply(
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
      long spare);
}
