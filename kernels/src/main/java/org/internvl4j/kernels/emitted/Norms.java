package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.emitted.Emitted.address;
import static org.internvl4j.kernels.emitted.Emitted.written;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Norms of rows, where [Emitted#hasStretches]. Bit for bit what the Vector API's kernels compute
/// with 512 bits.
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class Norms {
  private static final MethodHandle RMS = Emitted.function(new NormRow(false));
  private static final MethodHandle LAYER = Emitted.function(new NormRow(true));

  private Norms() {}

  /// `y = x / √(mean(x²) + eps) · weight`.
  ///
  /// @param n elements of the row, at least one
  /// @param y from `y0`; may be `x`
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void rms(
      int n,
      MemorySegment y,
      long y0,
      MemorySegment x,
      long x0,
      MemorySegment weight,
      long w0,
      float eps) {
    long ys = written(y, y0, 4L * n);
    long xs = address(x, x0, 4L * n);
    long ws = address(weight, w0, 4L * n);
    call(RMS, n, ys, xs, ws, 0, bits(n), bits(eps));
  }

  /// `y = (x − mean) / √(variance + eps) · weight + bias`; see [#rms].
  public static void layer(
      int n,
      MemorySegment y,
      long y0,
      MemorySegment x,
      long x0,
      MemorySegment weight,
      long w0,
      MemorySegment bias,
      long b0,
      float eps) {
    long ys = written(y, y0, 4L * n);
    long xs = address(x, x0, 4L * n);
    long ws = address(weight, w0, 4L * n);
    long bs = address(bias, b0, 4L * n);
    call(LAYER, n, ys, xs, ws, bs, bits(n), bits(eps));
  }

  private static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }
}
