package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.emitted.Emitted.address;
import static org.internvl4j.kernels.emitted.Emitted.span;
import static org.internvl4j.kernels.emitted.Emitted.written;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// What attention does with one query, where [Emitted#hasStretches]. Bit for bit what the Vector
/// API's kernels compute with 512 bits.
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class AttentionRow {
  private static final MethodHandle SOFTMAX = Emitted.function(new SoftmaxRow());
  private static final MethodHandle ADD = Emitted.function(new WeightedSum());

  private AttentionRow() {}

  /// Turns scores into weights `exp(scale · score − maximum)`, relative to the highest score so
  /// far.
  ///
  /// @param n scores, at least one, from `scores` on
  /// @param state three floats: the maximum and the sum of weights so far, which are brought up to
  ///   date, and what sums of earlier scores are multiplied by, which is written
  /// @throws IndexOutOfBoundsException if something does not lie in memory
  public static void softmax(MemorySegment memory, int n, long scores, long state, float scale) {
    long at = written(memory, scores, 4L * n);
    call(SOFTMAX, n, at, written(memory, state, 12), Float.floatToRawIntBits(scale));
  }

  /// `y = factor · y + Σ_j weights[j] · v[j]`.
  ///
  /// @param n elements of a row
  /// @param count weights, and rows of `v`
  /// @param v rows from `v0`, `stride` bytes apart
  /// @throws IndexOutOfBoundsException if something does not lie in its memory
  public static void add(
      int n,
      int count,
      MemorySegment y,
      long y0,
      float factor,
      MemorySegment weights,
      long w0,
      MemorySegment v,
      long v0,
      long stride) {
    long ys = written(y, y0, 4L * n);
    long ws = address(weights, w0, 4L * count);
    long vs = count == 0 ? 0 : address(v, v0, span(v, count, stride, 4L * n));
    call(ADD, n, ys, ws, vs, stride, count, Float.floatToRawIntBits(factor));
  }
}
