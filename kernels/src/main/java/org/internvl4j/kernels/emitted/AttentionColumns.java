package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.CodeMemory.call;
import static org.internvl4j.kernels.emitted.Emitted.address;
import static org.internvl4j.kernels.emitted.Emitted.written;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/// What attention does with lines of 32 columns between its products, where [Emitted#hasStretches].
/// Bit for bit what the Vector API's kernels compute.
///
/// Ranges are checked before a function is called; nothing is checked in it.
public final class AttentionColumns {
  private static final long LINE = 128; // bytes
  private static final long HALF = LINE / 2; // what a function takes
  private static final MethodHandle SOFTMAX = Emitted.function(new SoftmaxColumns());
  private static final MethodHandle ADD = Emitted.function(new RescaledColumns(false));
  private static final MethodHandle DIVIDE = Emitted.function(new RescaledColumns(true));

  private AttentionColumns() {}

  /// Turns scores into weights `2^(factor · (score − maximum))`, relative to the highest score so
  /// far.
  ///
  /// @param all the first so many lines are seen by every column
  /// @param count lines
  /// @param scores a line after the other
  /// @param factor not negative
  /// @param limits a line: how many lines each column sees
  /// @param state three lines: the maximum and the sum of weights so far, which are brought up to
  ///   date, and what sums of earlier lines are multiplied by, which is written
  /// @throws IndexOutOfBoundsException if something does not lie in memory
  public static void softmax(
      MemorySegment memory,
      int all,
      int count,
      long scores,
      long limits,
      long state,
      float factor) {
    Objects.checkFromToIndex(0, all, count);
    long at = written(memory, scores, LINE * count);
    long ls = address(memory, limits, LINE);
    long ss = written(memory, state, 3 * LINE);
    long bits = Float.floatToRawIntBits(factor);
    for (long v = 0; v < LINE; v += HALF) {
      call(SOFTMAX, all, count, at + v, ls + v, ss + v, bits, LINE);
    }
  }

  /// `y = factor · y + x`, line by line.
  public static void add(MemorySegment memory, long y, long x, int lines, long factors) {
    rescale(ADD, memory, y, x, lines, factors);
  }

  /// `y = y / factor`, line by line.
  public static void divide(MemorySegment memory, long y, int lines, long factors) {
    rescale(DIVIDE, memory, y, y, lines, factors);
  }

  private static void rescale(
      MethodHandle function, MemorySegment memory, long y, long x, int lines, long factors) {
    if (lines == 0) {
      return;
    }
    long ys = written(memory, y, LINE * lines);
    long xs = address(memory, x, LINE * lines);
    long fs = address(memory, factors, LINE);
    for (long v = 0; v < LINE; v += HALF) {
      call(function, lines, ys + v, xs + v, fs + v, LINE);
    }
  }
}
