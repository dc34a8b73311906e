package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.emitted.Emitted.address;
import static org.internvl4j.kernels.emitted.Emitted.span;
import static org.internvl4j.kernels.emitted.Emitted.written;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/// Products of rows with panels of 32 columns. Those of [Arithmetic#F32] and [Arithmetic#F32_BF16]
/// are bit for bit what the Vector API's kernels compute.
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class Products {
  /// Floats that [#round] takes at a time.
  public static final int ROUNDED_AT_ONCE = Rounding.STEP;

  /// Rows of a tile: over as many, weights are read once.
  public static final int TOGETHER = Tile.most(Emitted.BITS);

  private static final long PANEL = 128; // bytes of the floats of 32 columns

  private Products() {}

  /// A function is written when one of its kind is first called for.
  private static final class F32 {
    static final MethodHandle TILE = tile(Arithmetic.F32, TOGETHER);
    static final MethodHandle[] REST = rest(Arithmetic.F32);
    static final MethodHandle ROW = row(Arithmetic.F32);
  }

  private static final class F32Bf16 {
    static final MethodHandle TILE = tile(Arithmetic.F32_BF16, TOGETHER);
    static final MethodHandle[] REST = rest(Arithmetic.F32_BF16);
    static final MethodHandle ROW = row(Arithmetic.F32_BF16);
  }

  private static final class Bf16 {
    static final MethodHandle TILE = tile(Arithmetic.BF16, TOGETHER);
    static final MethodHandle[] REST = rest(Arithmetic.BF16);
    static final MethodHandle ROW = row(Arithmetic.BF16);
    static final MethodHandle ROUND = Emitted.function(new Rounding());
  }

  private static MethodHandle tile(Arithmetic arithmetic, int rows) {
    return Emitted.function(new Tile(arithmetic, Emitted.BITS, rows));
  }

  /// Tiles of fewer rows, at their numbers of rows.
  private static MethodHandle[] rest(Arithmetic arithmetic) {
    MethodHandle[] tiles = new MethodHandle[TOGETHER];
    for (int rows = 1; rows < TOGETHER; rows++) {
      tiles[rows] = tile(arithmetic, rows);
    }
    return tiles;
  }

  private static MethodHandle row(Arithmetic arithmetic) {
    return Emitted.function(new Row(arithmetic, Emitted.BITS));
  }

  /// Rows times a panel: as many at a time as have their sums in registers together, and then what
  /// is left of them.
  ///
  /// @param k lines, each of which is a term of the sum, or two
  /// @param rows no others are read and written
  /// @param x blocks `[k][6]` of rows from `x0`, `xStride` bytes apart
  /// @param w `k` lines of a panel from `w0`
  /// @param y 32 columns a row from `y0`, rows `yStride` bytes apart
  /// @param init start of the sums from `i0`, rows `iStride` bytes apart: 0 for one start of all
  ///   rows; it may be `y`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void tiles(
      Arithmetic arithmetic,
      int k,
      int rows,
      MemorySegment x,
      long x0,
      long xStride,
      MemorySegment w,
      long w0,
      MemorySegment y,
      long y0,
      long yStride,
      MemorySegment init,
      long i0,
      long iStride) {
    if (rows == 0) {
      return;
    }
    long blocks = Math.ceilDiv(rows, Tile.BLOCK);
    long xs = address(x, x0, span(x, blocks, xStride, 4L * Tile.BLOCK * k));
    long ws = address(w, w0, (long) arithmetic.line * k);
    long ys = written(y, y0, span(y, rows, yStride, PANEL));
    long is = address(init, i0, span(init, rows, iStride, PANEL));
    for (int r = 0; r < rows; r += TOGETHER) {
      int count = Math.min(TOGETHER, rows - r);
      long at = xs + r / Tile.BLOCK * xStride;
      for (long p = 0; p < 64; p += Emitted.BITS / 8) {
        long to = ys + r * yStride + p;
        long from = is + r * iStride + p;
        tile(arithmetic, count, k, at, xStride, ws + p, to, from, iStride, yStride);
      }
    }
  }

  private static void tile(
      Arithmetic arithmetic,
      int rows,
      long k,
      long x,
      long xStride,
      long w,
      long y,
      long init,
      long iStride,
      long yStride) {
    if (rows < TOGETHER) {
      call(rest(arithmetic, rows), k, x, xStride, w, y, init, iStride, yStride);
      return;
    }
    switch (arithmetic) {
      case F32 -> call(F32.TILE, k, x, xStride, w, y, init, iStride, yStride);
      case F32_BF16 -> call(F32Bf16.TILE, k, x, xStride, w, y, init, iStride, yStride);
      case BF16 -> call(Bf16.TILE, k, x, xStride, w, y, init, iStride, yStride);
    }
  }

  private static MethodHandle rest(Arithmetic arithmetic, int rows) {
    return switch (arithmetic) {
      case F32 -> F32.REST[rows];
      case F32_BF16 -> F32Bf16.REST[rows];
      case BF16 -> Bf16.REST[rows];
    };
  }

  /// A row times two panels.
  ///
  /// @param k lines, each of which is a term of the sum, or two
  /// @param x `k` floats from `x0`
  /// @param w a panel from `w0`
  /// @param v another one from `v0`; it may be the same
  /// @param y its 32 columns from `y0`, and those of the other one from `z0`
  /// @param init start of the sums, of the one from `i0` and of the other one from `j0`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void row(
      Arithmetic arithmetic,
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
    long panel = (long) arithmetic.line * k;
    long xs = address(x, x0, 4L * k);
    long ws = address(w, w0, panel);
    long vs = address(v, v0, panel);
    long ys = written(y, y0, PANEL);
    long zs = written(y, z0, PANEL);
    long is = address(init, i0, PANEL);
    long js = address(init, j0, PANEL);
    switch (arithmetic) {
      case F32 -> call(F32.ROW, k, xs, ws, vs, ys, zs, is, js);
      case F32_BF16 -> call(F32Bf16.ROW, k, xs, ws, vs, ys, zs, is, js);
      case BF16 -> call(Bf16.ROW, k, xs, ws, vs, ys, zs, is, js);
    }
  }

  /// Rounds floats to bf16 numbers.
  ///
  /// @param count how many; a multiple of [#ROUNDED_AT_ONCE]
  /// @param x they lie from `x0` on
  /// @param y the bf16 numbers go to `y0` and behind it
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void round(int count, MemorySegment x, long x0, MemorySegment y, long y0) {
    if (count % ROUNDED_AT_ONCE != 0) {
      throw new IllegalArgumentException(
          "emitted: " + count + " floats are rounded, expected a multiple of " + ROUNDED_AT_ONCE);
    }
    if (count == 0) {
      return;
    }
    long xs = address(x, x0, 4L * count);
    long ys = written(y, y0, 2L * count);
    call(Bf16.ROUND, count / ROUNDED_AT_ONCE, xs, ys);
  }

  // ---- rows as tiles read them

  private static final class Interleave {
    static final MethodHandle[] ROWS = new MethodHandle[Tile.BLOCK + 1];

    static {
      for (int rows = 1; rows <= Tile.BLOCK; rows++) {
        ROWS[rows] = Emitted.function(new Interleaving(rows));
      }
    }
  }

  /// Lays rows out as a block of [#tiles], where [Emitted#hasStretches]; rows that do not exist
  /// become zero.
  ///
  /// @param k elements of a row; those behind the last multiple of sixteen are left to the caller
  /// @param rows 1 to 6
  /// @param x rows from `x0`, `xStride` bytes apart
  /// @param y a block `[k][6]` from `y0`
  /// @return how many elements of each row are laid out
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static int interleave(
      int k, int rows, MemorySegment x, long x0, long xStride, MemorySegment y, long y0) {
    Objects.checkIndex(rows - 1, Tile.BLOCK);
    int steps = k / Interleaving.STEP;
    int elements = steps * Interleaving.STEP;
    if (steps > 0) {
      long xs = address(x, x0, span(x, rows, xStride, 4L * elements));
      long ys = written(y, y0, 4L * Tile.BLOCK * elements);
      call(Interleave.ROWS[rows], steps, ys, xs, xStride);
    }
    return elements;
  }

  // ---- blocks of 8 and 4 bits

  /// Rows of a tile of [#blockTiles].
  public static final int BLOCKS_TOGETHER = BlockTile.MOST;

  private static final class Q8 {
    static final BlockWeights WEIGHTS = new BlockWeights(8);
    static final MethodHandle ROW = Emitted.function(new BlockRow(WEIGHTS));
    static final MethodHandle TILE = Emitted.function(new BlockTile(WEIGHTS, BLOCKS_TOGETHER));
    static final MethodHandle[] REST = rest(WEIGHTS);
    static final MethodHandle PACK = Emitted.function(new PackedRow(WEIGHTS.offset()));
  }

  private static final class Q4 {
    static final BlockWeights WEIGHTS = new BlockWeights(4);
    static final MethodHandle ROW = Emitted.function(new BlockRow(WEIGHTS));
    static final MethodHandle TILE = Emitted.function(new BlockTile(WEIGHTS, BLOCKS_TOGETHER));
    static final MethodHandle[] REST = rest(WEIGHTS);
    static final MethodHandle PACK = Emitted.function(new PackedRow(WEIGHTS.offset()));
  }

  private static MethodHandle[] rest(BlockWeights weights) {
    MethodHandle[] tiles = new MethodHandle[BLOCKS_TOGETHER];
    for (int rows = 1; rows < BLOCKS_TOGETHER; rows++) {
      tiles[rows] = Emitted.function(new BlockTile(weights, rows));
    }
    return tiles;
  }

  /// Bytes of a packed row: see [#pack].
  public static long packedBytes(int blocks) {
    return (long) PackedRow.BLOCK * blocks;
  }

  /// Packs a rounded row of activations for [#blocks].
  ///
  /// @param weightBits 8 or 4
  /// @param x blocks of 32 ints, whose lowest bytes are taken; of −8 times their sum, in both
  ///   halves of an int; and of a scale
  /// @param y [#packedBytes] from `y0`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void pack(
      int weightBits, int blocks, MemorySegment x, long x0, MemorySegment y, long y0) {
    if (blocks == 0) {
      return;
    }
    long xs = address(x, x0, (long) PackedRow.ROUNDED * blocks);
    long ys = written(y, y0, packedBytes(blocks));
    if (weightBits == 8) {
      call(Q8.PACK, blocks, xs, ys);
    } else {
      call(Q4.PACK, blocks, xs, ys);
    }
  }

  /// A packed row times two panels of blocks.
  ///
  /// @param weightBits 8 or 4
  /// @param x from `x0`, as [#pack] left it
  /// @param w a panel from `w0`
  /// @param v another one from `v0`; it may be the same
  /// @param y its 32 columns from `y0`, and those of the other one from `z0`
  /// @param init start of the sums, of the one from `i0` and of the other one from `j0`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void blocks(
      int weightBits,
      int blocks,
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
    long panel = (long) (weightBits == 8 ? Q8.WEIGHTS : Q4.WEIGHTS).block() * blocks;
    long xs = address(x, x0, packedBytes(blocks));
    long ws = address(w, w0, panel);
    long vs = address(v, v0, panel);
    long ys = written(y, y0, PANEL);
    long zs = written(y, z0, PANEL);
    long is = address(init, i0, PANEL);
    long js = address(init, j0, PANEL);
    if (weightBits == 8) {
      call(Q8.ROW, blocks, xs, ws, vs, ys, zs, is, js);
    } else {
      call(Q4.ROW, blocks, xs, ws, vs, ys, zs, is, js);
    }
  }

  /// Packed rows times a panel of blocks; the same sums as of [#blocks].
  ///
  /// @param weightBits 8 or 4
  /// @param rows no others are read and written
  /// @param x rows from `x0`, `xStride` bytes apart, as [#pack] left them
  /// @param w `blocks` blocks of a panel from `w0`
  /// @param y 32 columns a row from `y0`, rows `yStride` bytes apart
  /// @param init start of the sums from `i0`, rows `iStride` bytes apart: 0 for one start of all
  ///   rows; it may be `y`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void blockTiles(
      int weightBits,
      int blocks,
      int rows,
      MemorySegment x,
      long x0,
      long xStride,
      MemorySegment w,
      long w0,
      MemorySegment y,
      long y0,
      long yStride,
      MemorySegment init,
      long i0,
      long iStride) {
    if (rows == 0) {
      return;
    }
    int block = (weightBits == 8 ? Q8.WEIGHTS : Q4.WEIGHTS).block();
    long xs = address(x, x0, span(x, rows, xStride, packedBytes(blocks)));
    long ws = address(w, w0, (long) block * blocks);
    long ys = written(y, y0, span(y, rows, yStride, PANEL));
    long is = address(init, i0, span(init, rows, iStride, PANEL));
    long n = blocks;
    for (int r = 0; r < rows; r += BLOCKS_TOGETHER) {
      int count = Math.min(BLOCKS_TOGETHER, rows - r);
      long at = xs + r * xStride;
      long to = ys + r * yStride;
      long from = is + r * iStride;
      if (count < BLOCKS_TOGETHER) {
        MethodHandle tile = (weightBits == 8 ? Q8.REST : Q4.REST)[count];
        call(tile, n, at, xStride, ws, to, from, iStride, yStride);
      } else if (weightBits == 8) {
        call(Q8.TILE, n, at, xStride, ws, to, from, iStride, yStride);
      } else {
        call(Q4.TILE, n, at, xStride, ws, to, from, iStride, yStride);
      }
    }
  }

  // ---- rows times a vector

  private static final class Dot {
    static final MethodHandle DOTS = Emitted.function(new Dots());
  }

  /// Whether [#dots] takes rows of so many floats.
  public static boolean hasDots(int n) {
    return Emitted.unavailable() == null && Emitted.BITS == 512 && isDots(n);
  }

  private static boolean isDots(int n) {
    return n % Dots.STEP == 0;
  }

  /// Rows times a vector: a number each.
  ///
  /// @param n floats of a row, for [#hasDots]
  /// @param x rows from `x0`, `xStride` bytes apart
  /// @param v from `v0`
  /// @param y from `y0`, `yStride` bytes apart
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void dots(
      int rows,
      int n,
      MemorySegment x,
      long x0,
      long xStride,
      MemorySegment v,
      long v0,
      MemorySegment y,
      long y0,
      long yStride) {
    if (!isDots(n)) {
      throw new IllegalArgumentException(
          "emitted: rows of " + n + " floats, expected a multiple of " + Dots.STEP);
    }
    if (rows == 0) {
      return;
    }
    long xs = address(x, x0, span(x, rows, xStride, 4L * n));
    long vs = address(v, v0, 4L * n);
    long ys = written(y, y0, span(y, rows, yStride, 4));
    call(Dot.DOTS, rows, xs, xStride, vs, ys, yStride, n / Dots.STEP);
  }
}
