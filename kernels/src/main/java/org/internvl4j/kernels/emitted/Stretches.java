package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.emitted.Emitted.address;
import static org.internvl4j.kernels.emitted.Emitted.written;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Formulas of elements side by side, where [Emitted#hasStretches].
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class Stretches {
  private static final MethodHandle ADD = Emitted.function(new Stretch(Formula.ADD));
  private static final MethodHandle MUL = Emitted.function(new Stretch(Formula.MUL));
  private static final MethodHandle SILU = Emitted.function(new Stretch(Formula.SILU));
  private static final MethodHandle SWI_GLU = Emitted.function(new Stretch(Formula.SWI_GLU));
  private static final MethodHandle GELU = Emitted.function(new Stretch(Formula.GELU));
  private static final MethodHandle ROTATE = Emitted.function(new RotatedHead());
  private static final MethodHandle LARGEST = Emitted.function(new Largest());
  private static final MethodHandle WIDEN = Emitted.function(new Widening());

  private Stretches() {}

  /// `y[i] = formula(a[i], b[i])`, or of `a[i]` alone.
  ///
  /// @param n how many elements, side by side
  /// @param y from `y0`; may be `a` or `b`
  /// @param b from `b0`; checked, but not read, where there is one input
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void compute(
      Formula formula,
      int n,
      MemorySegment y,
      long y0,
      MemorySegment a,
      long a0,
      MemorySegment b,
      long b0) {
    long ys = written(y, y0, 4L * n);
    long as = address(a, a0, 4L * n);
    long bs = address(b, b0, 4L * n);
    switch (formula) {
      case ADD -> call(ADD, n, ys, as, bs);
      case MUL -> call(MUL, n, ys, as, bs);
      case SILU -> call(SILU, n, ys, as, bs);
      case SWI_GLU -> call(SWI_GLU, n, ys, as, bs);
      case GELU -> call(GELU, n, ys, as, bs);
    }
  }

  /// A head whose halves are rotated: `y = u · cos − v · sin` and `z = v · cos + u · sin`, `u` and
  /// `y` the first halves, `v` and `z` the second ones.
  ///
  /// @param half elements of a half
  /// @param y a head from `y0`; may be `x`
  /// @param x a head from `x0`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void rotate(
      int half,
      MemorySegment y,
      long y0,
      MemorySegment x,
      long x0,
      MemorySegment cos,
      long c0,
      MemorySegment sin,
      long s0) {
    long bytes = 4L * half;
    long ys = written(y, y0, 2 * bytes);
    long xs = address(x, x0, 2 * bytes);
    long cs = address(cos, c0, bytes);
    long ss = address(sin, s0, bytes);
    call(ROTATE, half, ys, ys + bytes, xs, xs + bytes, cs, ss);
  }

  /// Bf16 numbers as floats.
  ///
  /// @param n how many elements, side by side from `y0` and from `x0` on
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void widen(int n, MemorySegment y, long y0, MemorySegment x, long x0) {
    call(WIDEN, n, written(y, y0, 4L * n), address(x, x0, 2L * n));
  }

  /// The largest element; no number if one is none.
  ///
  /// @param n how many elements, side by side from `x0` on
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static float largest(int n, MemorySegment x, long x0) {
    return Float.intBitsToFloat((int) call(LARGEST, n, address(x, x0, 4L * n), 0));
  }
}
