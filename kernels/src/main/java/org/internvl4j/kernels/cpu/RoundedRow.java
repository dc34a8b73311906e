package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.internvl4j.runtime.Blocks;

/// A row of activations in blocks of 8 bits, for products with [Q8] and [Q4]: 32 of them are
/// rounded to `a · scale`, `a` of −127 … 127.
///
/// A block is 32 ints with `a` in both halves, −8 times their sum likewise, and the scale.
final class RoundedRow {
  /// Bytes of a block.
  static final long BLOCK = 4L * (Blocks.LENGTH + 2);

  /// Where in a block −8 times the sum lies.
  static final long MINUS_8 = 4L * Blocks.LENGTH;

  /// Where in a block the scale lies.
  static final long SCALE = MINUS_8 + 4;

  private static final float ROUND = 12582912f; // 1.5 · 2²³: adding it rounds to an integer

  private RoundedRow() {}

  /// Bytes of `k` rounded activations.
  static long bytes(int k) {
    return BLOCK * Panels.blocks(k);
  }

  /// Rounds a row of activations.
  ///
  /// @param to [#bytes] from `t0`, and a block of floats behind them for what is left of a block
  static void fill(int k, MemorySegment x, long x0, MemorySegment to, long t0) {
    long at = t0;
    int whole = k / Blocks.LENGTH * Blocks.LENGTH;
    for (int i = 0; i < whole; i += Blocks.LENGTH, at += BLOCK) {
      block(x, x0 + 4L * i, to, at);
    }
    if (whole < k) {
      long stage = at + BLOCK;
      for (int i = 0; i < Blocks.LENGTH; i++) {
        float value = whole + i < k ? x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * (whole + i)) : 0;
        to.set(JAVA_FLOAT_UNALIGNED, stage + 4L * i, value);
      }
      block(to, stage, to, at);
    }
  }

  private static void block(MemorySegment x, long x0, MemorySegment to, long t0) {
    FloatVector largest = FloatVector.zero(F);
    for (int i = 0; i < Blocks.LENGTH; i += Lanes.N) {
      largest = largest.max(FloatVector.fromMemorySegment(F, x, x0 + 4L * i, LE).abs());
    }
    float scale = largest.reduceLanes(MAX) / 127;
    float inverse = scale < Float.MIN_NORMAL ? 0 : 1 / scale;
    IntVector sum = IntVector.zero(I);
    for (int i = 0; i < Blocks.LENGTH; i += Lanes.N) {
      IntVector a =
          FloatVector.fromMemorySegment(F, x, x0 + 4L * i, LE)
              .mul(inverse)
              .add(ROUND)
              .reinterpretAsInts()
              .lanewise(LSHL, 16);
      sum = sum.add(a.lanewise(ASHR, 16));
      a.or(a.lanewise(LSHR, 16)).intoMemorySegment(to, t0 + 4L * i, LE);
    }
    int minus8 = -8 * sum.reduceLanes(ADD);
    to.set(JAVA_INT_UNALIGNED, t0 + MINUS_8, minus8 << 16 | (minus8 & 0xffff));
    to.set(JAVA_FLOAT_UNALIGNED, t0 + SCALE, scale);
  }
}
