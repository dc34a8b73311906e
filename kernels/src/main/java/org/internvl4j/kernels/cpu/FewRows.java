package org.internvl4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.kernels.emitted.Products;
import org.internvl4j.runtime.DType;

/// Rows of activations as products of one row at a time read them, in a worker's scratch, and these
/// products:
///
/// | weights | rows |
/// |---|---|
/// | f32, bf16 | as they are |
/// | bf16, in pairs | rounded to bf16: [PairedRow] |
/// | q8, q4 | in blocks of 8 bits: [RoundedRow]; packed for machine code, [Products#pack] |
final class FewRows {
  private static final long REST = 4L * Panels.COLUMNS; // of a block, while it is rounded

  private final Rows x;
  private final Panels w;
  private final Unrolled unrolled;
  private final boolean paired;
  private final boolean rounded;
  private final boolean packed;
  private final long first; // of the rows, in scratch
  private final long firstPacked;

  /// @param unrolled what multiplies weights that are not in blocks
  /// @param first where the rows begin in scratch
  FewRows(Rows x, Panels w, Unrolled unrolled, long first) {
    this.x = x;
    this.w = w;
    this.unrolled = unrolled;
    this.first = first;
    paired = unrolled == Unrolled.PAIRS;
    rounded = w.dtype.isBlocks();
    packed = rounded && Unrolled.EMITTED && Emitted.hasBytes();
    long rows = rounded ? x.count * RoundedRow.bytes(w.in) + REST : 0;
    firstPacked = first + rows;
  }

  /// Bytes of scratch that they take.
  long bytes() {
    long more = packed ? x.count * packedBytes() : paired ? PairedRow.bytes(w.in) : 0;
    return firstPacked - first + more;
  }

  private long packedBytes() {
    return Products.packedBytes(Panels.blocks(w.in));
  }

  /// Lays them out.
  void fill(MemorySegment scratch) {
    if (paired) {
      PairedRow.fill(w.in, x.segment, x.at(0), scratch, first);
    }
    for (int r = 0; rounded && r < x.count; r++) {
      RoundedRow.fill(w.in, x.segment, x.at(r), scratch, at(r));
      if (packed) {
        Products.pack(bits(), Panels.blocks(w.in), scratch, at(r), scratch, packedAt(r));
      }
    }
  }

  private long at(int r) {
    return first + r * RoundedRow.bytes(w.in);
  }

  private long packedAt(int r) {
    return firstPacked + r * packedBytes();
  }

  /// Of a weight in blocks.
  private int bits() {
    return w.dtype == DType.Q8 ? 8 : 4;
  }

  /// Row `r` times two panels.
  ///
  /// @param a a panel from `a0`
  /// @param b another one from `b0`; it may be the same
  /// @param scratch its 32 columns go to `y0`, those of the other one to `z0`
  /// @param s start of the sums, of the one from `i0` and of the other one from `j0`
  /// @param spare [Unrolled#spareBytes] of scratch
  void multiply(
      int r,
      MemorySegment a,
      long a0,
      MemorySegment b,
      long b0,
      MemorySegment scratch,
      long y0,
      long z0,
      MemorySegment s,
      long i0,
      long j0,
      long spare) {
    int k = w.in;
    if (packed) {
      int blocks = Panels.blocks(k);
      long at = packedAt(r);
      Products.blocks(bits(), blocks, scratch, at, a, a0, b, b0, scratch, y0, z0, s, i0, j0);
    } else if (paired) {
      unrolled.row(k / 2, scratch, first, a, a0, b, b0, scratch, y0, z0, s, i0, j0, spare);
    } else if (!rounded) {
      unrolled.row(k, x.segment, x.at(r), a, a0, b, b0, scratch, y0, z0, s, i0, j0, spare);
    } else if (w.dtype == DType.Q8) {
      Q8.row(k, scratch, at(r), a, a0, b, b0, scratch, y0, z0, s, i0, j0);
    } else {
      Q4.row(k, scratch, at(r), a, a0, b, b0, scratch, y0, z0, s, i0, j0);
    }
  }
}
