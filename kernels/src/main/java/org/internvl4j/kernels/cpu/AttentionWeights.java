package org.internvl4j.kernels.cpu;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.IS_NAN;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static org.internvl4j.kernels.cpu.Attention.LINE;
import static org.internvl4j.kernels.cpu.Lanes.BYTES;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.internvl4j.kernels.emitted.AttentionColumns;

/// The softmax within [Attention]: lines are keys, columns are queries, one block of keys at a time
/// (Milakov & Gimelshein 2018).
///
/// A weight is `2^(factor · (score − maximum))`, a power of two, with `factor = scale · log₂ e`.
/// Where some column does not see a key, the comparison of its limit with the key's number masks
/// the line; lines that all columns see go by twos and know nothing of masks, but for an odd one. A
/// score that is no number makes the column's sum of weights none, and with it the result.
final class AttentionWeights {
  private AttentionWeights() {}

  /// Turns scores into weights relative to the highest score so far.
  ///
  /// @param at `[count][COLUMNS]` scores
  /// @param all the first so many keys are seen by every column
  /// @param factor not negative
  /// @param limits how many of the keys each column sees
  /// @param state each column's maximum and sum of weights, brought up to date, then what sums of
  ///   earlier blocks are multiplied by
  static void run(
      MemorySegment s, long at, int all, int count, float factor, long limits, long state) {
    if (Elementwise.EMITTED) {
      AttentionColumns.softmax(s, all, count, at, limits, state, factor);
      return;
    }
    for (long v = 0; v < LINE; v += BYTES) {
      maximum(s, at + v, all, count, factor, limits + v, state + v);
    }
    for (long v = 0; v < LINE; v += BYTES) {
      weights(s, at + v, all, count, factor, limits + v, state + v);
    }
  }

  private static void maximum(
      MemorySegment s, long at, int all, int count, float factor, long limits, long state) {
    FloatVector old = FloatVector.fromMemorySegment(F, s, state, LE);
    FloatVector a = old;
    FloatVector b = old;
    FloatVector total = FloatVector.zero(F); // of scores: NaN if one is, which maxima pass over
    int j = 0;
    for (; j <= all - 2; j += 2) {
      FloatVector x = FloatVector.fromMemorySegment(F, s, at + LINE * j, LE);
      FloatVector y = FloatVector.fromMemorySegment(F, s, at + LINE * (j + 1L), LE);
      a = larger(a, x);
      b = larger(b, y);
      total = total.add(x.add(y));
    }
    if (j < count) {
      FloatVector limit = FloatVector.fromMemorySegment(F, s, limits, LE);
      for (; j < count; j++) {
        FloatVector x = FloatVector.fromMemorySegment(F, s, at + LINE * j, LE);
        a = a.blend(larger(a, x), limit.compare(GT, (float) j));
        total = total.blend(total.add(x), limit.compare(GT, (float) j));
      }
    }
    FloatVector max = larger(a, b);
    max.intoMemorySegment(s, state, LE);
    exp2(old.mul(factor).sub(max.mul(factor))).intoMemorySegment(s, state + 2 * LINE, LE);
    FloatVector sum = FloatVector.fromMemorySegment(F, s, state + LINE, LE);
    sum.blend(Float.NaN, total.test(IS_NAN)).intoMemorySegment(s, state + LINE, LE);
  }

  private static void weights(
      MemorySegment s, long at, int all, int count, float factor, long limits, long state) {
    FloatVector f = FloatVector.broadcast(F, factor);
    FloatVector shift = FloatVector.fromMemorySegment(F, s, state, LE).mul(factor).neg();
    FloatVector a = FloatVector.zero(F);
    FloatVector b = FloatVector.zero(F);
    int j = 0;
    for (; j <= all - 2; j += 2) {
      long o = at + LINE * j;
      FloatVector x = exp2(FloatVector.fromMemorySegment(F, s, o, LE).fma(f, shift));
      FloatVector y = exp2(FloatVector.fromMemorySegment(F, s, o + LINE, LE).fma(f, shift));
      x.intoMemorySegment(s, o, LE);
      y.intoMemorySegment(s, o + LINE, LE);
      a = a.add(x);
      b = b.add(y);
    }
    if (j < count) {
      FloatVector limit = FloatVector.fromMemorySegment(F, s, limits, LE);
      for (; j < count; j++) {
        FloatVector x = exp2(FloatVector.fromMemorySegment(F, s, at + LINE * j, LE).fma(f, shift));
        x = FloatVector.zero(F).blend(x, limit.compare(GT, (float) j));
        x.intoMemorySegment(s, at + LINE * j, LE);
        a = a.add(x);
      }
    }
    FloatVector sum = FloatVector.fromMemorySegment(F, s, state + LINE, LE);
    FloatVector shrink = FloatVector.fromMemorySegment(F, s, state + 2 * LINE, LE);
    sum.fma(shrink, a.add(b)).intoMemorySegment(s, state + LINE, LE);
  }

  /// The API's max minds the order of zeros, which takes six operations.
  private static FloatVector larger(FloatVector a, FloatVector b) {
    return a.blend(b, b.compare(GT, a));
  }

  private static final int LOWEST = Float.floatToRawIntBits(-125f);
  private static final float ROUND = 12582912f; // 1.5 · 2²³: adding it rounds to an integer

  /// 2ˣ of `x` up to a little over 0 with a relative error of 2e-8 before rounding, 1 exactly for
  /// 0; 2⁻¹²⁵ from there on down. The exponent is added to that of the polynomial as an integer.
  private static FloatVector exp2(FloatVector x) {
    // of numbers below 0 the bits, as unsigned integers, grow with the distance from 0
    FloatVector c = x.reinterpretAsInts().lanewise(UMIN, LOWEST).reinterpretAsFloats();
    FloatVector shifted = c.add(ROUND);
    FloatVector r = c.sub(shifted.sub(ROUND));
    FloatVector p =
        r.fma(FloatVector.broadcast(F, 1.5594678e-4f), FloatVector.broadcast(F, 0.0013406643f));
    p = p.fma(r, FloatVector.broadcast(F, 0.009617693f));
    p = p.fma(r, FloatVector.broadcast(F, 0.055503104f));
    p = p.fma(r, FloatVector.broadcast(F, 0.24022652f));
    p = p.fma(r, FloatVector.broadcast(F, 0.69314724f));
    p = p.fma(r, FloatVector.broadcast(F, 1f));
    return shifted
        .reinterpretAsInts()
        .lanewise(LSHL, 23)
        .add(p.reinterpretAsInts())
        .reinterpretAsFloats();
  }

  /// `sum[d] = shrink · sum[d] + product[d]`
  static void add(MemorySegment s, long sum, long product, int lines, long shrink) {
    if (Elementwise.EMITTED) {
      AttentionColumns.add(s, sum, product, lines, shrink);
      return;
    }
    for (long v = 0; v < LINE; v += BYTES) {
      FloatVector f = FloatVector.fromMemorySegment(F, s, shrink + v, LE);
      for (int d = 0; d < lines; d++) {
        long o = v + LINE * d;
        FloatVector p = FloatVector.fromMemorySegment(F, s, product + o, LE);
        FloatVector.fromMemorySegment(F, s, sum + o, LE)
            .fma(f, p)
            .intoMemorySegment(s, sum + o, LE);
      }
    }
  }

  /// `sum[d] = sum[d] / total`
  static void divide(MemorySegment s, long sum, int lines, long total) {
    if (Elementwise.EMITTED) {
      AttentionColumns.divide(s, sum, lines, total);
      return;
    }
    for (long v = 0; v < LINE; v += BYTES) {
      FloatVector t = FloatVector.fromMemorySegment(F, s, total + v, LE);
      FloatVector f = FloatVector.broadcast(F, 1f).div(t);
      for (int d = 0; d < lines; d++) {
        long o = sum + v + LINE * d;
        FloatVector.fromMemorySegment(F, s, o, LE).mul(f).intoMemorySegment(s, o, LE);
      }
    }
  }
}
