package org.internvl4j.kernels.emitted;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.internvl4j.kernels.emitted.Emitted.address;

import java.lang.foreign.Arena;
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
  private static final MemorySegment RESTS = Arena.global().allocate(2L * Stretch.LANES, 64);

  static {
    for (int i = 0; i < Stretch.LANES; i++) {
      RESTS.setAtIndex(JAVA_SHORT, i, (short) ((1 << i) - 1));
    }
  }

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
    long ys = address(y, y0, 4L * n);
    long as = address(a, a0, 4L * n);
    long bs = address(b, b0, 4L * n);
    long rest = RESTS.address() + 2L * (n % Stretch.LANES);
    try {
      switch (formula) {
        case ADD -> ADD.invokeExact((long) n, ys, as, bs, rest);
        case MUL -> MUL.invokeExact((long) n, ys, as, bs, rest);
        case SILU -> SILU.invokeExact((long) n, ys, as, bs, rest);
        case SWI_GLU -> SWI_GLU.invokeExact((long) n, ys, as, bs, rest);
        case GELU -> GELU.invokeExact((long) n, ys, as, bs, rest);
      }
    } catch (Throwable e) {
      throw Emitted.thrown(e);
    }
  }
}
