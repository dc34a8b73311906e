package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Emitted;
import org.internvl4j.kernels.emitted.Products;
import org.internvl4j.runtime.Blocks;
import org.internvl4j.runtime.DType;

/// Many rows of activations in blocks of 8 bits, see [RoundedRow], and their products with panels
/// of blocks.
///
/// Machine code multiplies packed rows ([Products#pack]), and a row among many gets the bits that
/// it gets alone. Where there is none for bytes, rows and weights are widened to the floats that
/// they stand for, and summed up in one chain: the same but for the last bits.
final class RoundedRows implements RowLayout {
  /// Whether machine code multiplies packed rows.
  static final boolean PACKED = Unrolled.EMITTED && Emitted.hasBytes();

  private static final int SIX = RowBlocks.ROWS;
  private static final long LINE = 4L * Panels.COLUMNS; // bytes of a widened line

  private final int in;
  private final int blocks;
  private final DType dtype;
  private final int blockBytes; // of weights

  RoundedRows(Panels weights) {
    this.in = weights.in;
    this.blocks = Panels.blocks(in);
    this.dtype = weights.dtype;
    this.blockBytes = weights.blockBytes();
  }

  @Override
  public long bytes(int rows) {
    return PACKED ? rows * rowBytes() : RowBlocks.count(rows) * RowBlocks.bytes(in);
  }

  private long rowBytes() {
    return Products.packedBytes(blocks);
  }

  @Override
  public int inputs(int rows, long atHand) {
    if (PACKED && rows <= Products.BLOCKS_TOGETHER) {
      return Math.max(1, in);
    }
    long block = PACKED ? blockBytes : LINE * Blocks.LENGTH;
    return (int) (atHand / block) * Blocks.LENGTH;
  }

  @Override
  public long spareBytes(int k) {
    return PACKED ? 0 : LINE * k + Unrolled.spareBytes(k);
  }

  private int bits() {
    return dtype == DType.Q8 ? 8 : 4;
  }

  @Override
  public void fill(Share share, Rows x, int from, int to, MemorySegment y) {
    MemorySegment rounded = share.scratch(RoundedRow.bytes(in) + LINE);
    int count = RowBlocks.count(to - from);
    int end = share.to(count);
    for (int i = share.from(count); i < end; i++) {
      for (int r = 0; r < SIX; r++) {
        int row = SIX * i + r;
        boolean isThere = from + row < to;
        if (isThere) {
          RoundedRow.fill(in, x.segment, x.at(from + row), rounded, 0);
        }
        long six = i * RowBlocks.bytes(in) + 4L * r;
        if (!PACKED && isThere) {
          widen(rounded, y, six);
        } else if (!PACKED) {
          RowBlocks.zeros(in, y, six);
        } else if (isThere) {
          Products.pack(bits(), blocks, rounded, 0, y, row * rowBytes());
        }
      }
    }
  }

  /// Lays what a rounded row stands for as a row of six.
  private void widen(MemorySegment rounded, MemorySegment y, long y0) {
    for (int i = 0; i < in; i++) {
      long block = RoundedRow.BLOCK * (i / Blocks.LENGTH);
      float scale = rounded.get(JAVA_FLOAT_UNALIGNED, block + RoundedRow.SCALE);
      int whole = rounded.get(JAVA_INT_UNALIGNED, block + 4L * (i % Blocks.LENGTH)) >> 16;
      y.set(JAVA_FLOAT_UNALIGNED, y0 + RowBlocks.bytes(1) * i, whole * scale);
    }
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
    if (PACKED) {
      int some = Panels.blocks(n);
      long x0 = first * rowBytes() + Products.packedBytes(k / Blocks.LENGTH);
      long stride = rowBytes();
      Products.blockTiles(
          bits(), some, rows, x, x0, stride, w, w0, y, y0, yStride, init, i0, iStride);
      return;
    }
    if (dtype == DType.Q8) {
      Q8.widen(n, w, w0, y, spare);
    } else {
      Q4.widen(n, w, w0, y, spare);
    }
    long x0 = RowBlocks.at(in, first, k);
    long stride = RowBlocks.bytes(in);
    long rest = spare + LINE * n;
    Unrolled.F32.tiles(n, x, x0, stride, rows, y, spare, y, y0, yStride, init, i0, iStride, rest);
  }
}
