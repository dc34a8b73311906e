package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.emitted.Emitted.address;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Products of rows with panels of 32 columns. Those of [Arithmetic#F32] and [Arithmetic#F32_BF16]
/// are bit for bit what the Vector API's kernels compute.
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class Products {
  private static final long PANEL = 128; // bytes of the floats of 32 columns
  private static final int ROWS = 6;

  /// Floats that [#round] takes at a time.
  public static final int ROUNDED_AT_ONCE = Rounding.STEP;

  private Products() {}

  /// A function is written when it is first called for.
  private static final class F32 {
    static final MethodHandle TILE = Emitted.tile(Arithmetic.F32);
    static final MethodHandle[] ROWS = Emitted.rows(Arithmetic.F32);
    static final MethodHandle ROW = Emitted.row(Arithmetic.F32);
  }

  private static final class F32Bf16 {
    static final MethodHandle TILE = Emitted.tile(Arithmetic.F32_BF16);
    static final MethodHandle[] ROWS = Emitted.rows(Arithmetic.F32_BF16);
    static final MethodHandle ROW = Emitted.row(Arithmetic.F32_BF16);
  }

  private static final class Bf16 {
    static final MethodHandle TILE = Emitted.tile(Arithmetic.BF16);
    static final MethodHandle[] ROWS = Emitted.rows(Arithmetic.BF16);
    static final MethodHandle ROW = Emitted.row(Arithmetic.BF16);
    static final MethodHandle ROUND = Emitted.rounding();
  }

  /// Rows times a panel: those that have sums in registers together one after the other, and what
  /// is left of them by a function of as many.
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
    long blocks = (rows + ROWS - 1L) / ROWS;
    long xs = address(x, x0, xStride * (blocks - 1) + 4L * ROWS * k);
    long ws = address(w, w0, (long) arithmetic.line * k);
    long ys = address(y, y0, yStride * (rows - 1) + PANEL);
    long is = address(init, i0, iStride * (rows - 1) + PANEL);
    int together = new Tile(arithmetic, Emitted.bits()).most();
    int rest = rows % together;
    int whole = rows - rest;
    long six = (long) whole / ROWS; // blocks
    for (long p = 0; p < 64; p += Emitted.bits() / 8) {
      if (whole > 0) {
        blocks(arithmetic, k, xs, xStride, ws + p, ys + p, is + p, iStride, yStride, six);
      }
      if (rest > 0) {
        long xRest = xs + six * xStride;
        long yRest = ys + whole * yStride + p;
        long iRest = is + whole * iStride + p;
        rows(arithmetic, rest, k, xRest, xStride, ws + p, yRest, iRest, iStride, yStride);
      }
    }
  }

  private static void blocks(
      Arithmetic arithmetic,
      long k,
      long x,
      long xStride,
      long w,
      long y,
      long init,
      long iStride,
      long yStride,
      long blocks) {
    try {
      switch (arithmetic) {
        case F32 -> F32.TILE.invokeExact(k, x, xStride, w, y, init, iStride, yStride, blocks);
        case F32_BF16 ->
            F32Bf16.TILE.invokeExact(k, x, xStride, w, y, init, iStride, yStride, blocks);
        case BF16 -> Bf16.TILE.invokeExact(k, x, xStride, w, y, init, iStride, yStride, blocks);
      }
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
  }

  private static void rows(
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
    MethodHandle function =
        switch (arithmetic) {
          case F32 -> F32.ROWS[rows];
          case F32_BF16 -> F32Bf16.ROWS[rows];
          case BF16 -> Bf16.ROWS[rows];
        };
    try {
      function.invokeExact(k, x, xStride, w, y, init, iStride, yStride);
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
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
    long ys = address(y, y0, PANEL);
    long zs = address(y, z0, PANEL);
    long is = address(init, i0, PANEL);
    long js = address(init, j0, PANEL);
    try {
      switch (arithmetic) {
        case F32 -> F32.ROW.invokeExact((long) k, xs, ws, vs, ys, zs, is, js);
        case F32_BF16 -> F32Bf16.ROW.invokeExact((long) k, xs, ws, vs, ys, zs, is, js);
        case BF16 -> Bf16.ROW.invokeExact((long) k, xs, ws, vs, ys, zs, is, js);
      }
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
  }

  /// Rounds floats to bf16 numbers.
  ///
  /// @param count how many; a multiple of [#ROUNDED_AT_ONCE]
  /// @param x they lie from `x0` on
  /// @param y the bf16 numbers go to `y0` and behind it
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void round(int count, MemorySegment x, long x0, MemorySegment y, long y0) {
    if (count == 0) {
      return;
    }
    long xs = address(x, x0, 4L * count);
    long ys = address(y, y0, 2L * count);
    try {
      Bf16.ROUND.invokeExact((long) count / ROUNDED_AT_ONCE, xs, ys);
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
  }

  // ---- blocks of 8 and 4 bits

  private static final class Q8 {
    static final BlockRow PROGRAM = new BlockRow(8);
    static final MethodHandle ROW = Emitted.row(PROGRAM);
    static final MethodHandle PACK = Emitted.bytes(new Bytes(PROGRAM.offset()));
  }

  private static final class Q4 {
    static final BlockRow PROGRAM = new BlockRow(4);
    static final MethodHandle ROW = Emitted.row(PROGRAM);
    static final MethodHandle PACK = Emitted.bytes(new Bytes(PROGRAM.offset()));
  }

  /// Bytes of a packed row: see [#pack].
  public static long packedBytes(int blocks) {
    return (long) Bytes.BLOCK * blocks;
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
    long xs = address(x, x0, 4L * 34 * blocks);
    long ys = address(y, y0, packedBytes(blocks));
    try {
      if (weightBits == 8) {
        Q8.PACK.invokeExact((long) blocks, xs, ys);
      } else {
        Q4.PACK.invokeExact((long) blocks, xs, ys);
      }
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
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
    long panel = (long) (weightBits == 8 ? Q8.PROGRAM : Q4.PROGRAM).block() * blocks;
    long xs = address(x, x0, packedBytes(blocks));
    long ws = address(w, w0, panel);
    long vs = address(v, v0, panel);
    long ys = address(y, y0, PANEL);
    long zs = address(y, z0, PANEL);
    long is = address(init, i0, PANEL);
    long js = address(init, j0, PANEL);
    try {
      if (weightBits == 8) {
        Q8.ROW.invokeExact((long) blocks, xs, ws, vs, ys, zs, is, js);
      } else {
        Q4.ROW.invokeExact((long) blocks, xs, ws, vs, ys, zs, is, js);
      }
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
  }

  // ---- rows times a vector

  private static final class Dot {
    static final MethodHandle DOTS = Emitted.dots();
  }

  /// Whether [#dots] takes rows of so many floats.
  public static boolean hasDots(int n) {
    return Emitted.unavailable() == null && Emitted.bits() == 512 && n % Dots.STEP == 0;
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
    if (rows == 0) {
      return;
    }
    long xs = address(x, x0, xStride * (rows - 1) + 4L * n);
    long vs = address(v, v0, 4L * n);
    long ys = address(y, y0, yStride * (rows - 1) + 4);
    try {
      Dot.DOTS.invokeExact((long) rows, xs, xStride, vs, ys, yStride, (long) n / Dots.STEP);
    } catch (Throwable e) {
      throw new AssertionError("a function of machine code threw", e);
    }
  }
}
