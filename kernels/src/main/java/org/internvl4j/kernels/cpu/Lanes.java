package org.internvl4j.kernels.cpu;

import static jdk.incubator.vector.VectorOperators.LSHL;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Widths of vectors, loads and stores with tails, widening, sums, exp: all that depends on lanes.
///
/// Nothing here is for inner loops but [#exp]: the compiler inlines the API's own methods always,
/// but others only while they are small and the loop is, and a vector that crosses a call is an
/// object. With loads by way of a method here, matMul ran at a seventh of its speed if matVec had
/// run before.
///
/// Every result here is the same bit for bit interpreted and compiled: sums across lanes go by a
/// fixed tree (the API leaves the order of `reduceLanes` open), exp is a polynomial of fused
/// multiply-adds (the library behind `lanewise(EXP)` is replaced by another when compiled).
final class Lanes {
  /// The widest vectors of this machine, in bits.
  static final int WIDEST = FloatVector.SPECIES_PREFERRED.vectorBitSize();

  /// Whether somebody asks for a width.
  static final boolean IS_CHOSEN = Integer.getInteger("internvl4j.vector.bits") != null;

  /// The width in use, in bits.
  static final int BITS = Integer.getInteger("internvl4j.vector.bits", WIDEST);

  static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

  static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS));

  /// Floats a vector.
  static final int N = F.length();

  /// Bytes a vector.
  static final int BYTES = 4 * N;

  static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final VectorShuffle<Float> SWAP_8 = swap(8);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_1 = swap(1);

  private Lanes() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(F, i -> (i ^ distance) % N);
  }

  // ---- memory

  static FloatVector load(MemorySegment s, long at) {
    return FloatVector.fromMemorySegment(F, s, at, LE);
  }

  /// The first `count` floats, zero behind them; touches no others.
  static FloatVector load(MemorySegment s, long at, int count) {
    return count >= N ? load(s, at) : FloatVector.fromMemorySegment(F, s, at, LE, first(count));
  }

  static void store(FloatVector v, MemorySegment s, long at) {
    v.intoMemorySegment(s, at, LE);
  }

  /// Stores the first `count` floats and touches no others.
  static void store(FloatVector v, MemorySegment s, long at, int count) {
    if (count >= N) {
      store(v, s, at);
    } else {
      v.intoMemorySegment(s, at, LE, first(count));
    }
  }

  static VectorMask<Float> first(int count) {
    return F.indexInRange(0, count);
  }

  static FloatVector all(float value) {
    return FloatVector.broadcast(F, value);
  }

  static FloatVector zero() {
    return FloatVector.zero(F);
  }

  // ---- across lanes

  /// The sum of all lanes, pairwise.
  static float sum(FloatVector v) {
    FloatVector s = v;
    if (N > 8) {
      s = s.add(s.rearrange(SWAP_8));
    }
    if (N > 4) {
      s = s.add(s.rearrange(SWAP_4));
    }
    s = s.add(s.rearrange(SWAP_2));
    return s.add(s.rearrange(SWAP_1)).lane(0);
  }

  static float max(FloatVector v) {
    return v.reduceLanes(VectorOperators.MAX);
  }

  // ---- functions

  private static final float LOG2_E = 1.442695f;
  private static final float LN2_HIGH = 0x1.63p-1f; // 9 bits: its products with n are exact
  private static final float LN2_LOW = -2.1219444e-4f;
  private static final float ROUND = 12582912f; // 1.5 · 2²³: adding it rounds to an integer

  /// eˣ with a relative error below 2e-7, `x` clamped to ±87.3 first. The polynomial is minimax in
  /// relative error on ±ln(2)/2: 3e-9 before rounding.
  static FloatVector exp(FloatVector x) {
    FloatVector c = x.max(-87.3f).min(87.3f);
    FloatVector shifted = c.fma(all(LOG2_E), all(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(all(-LN2_LOW), n.fma(all(-LN2_HIGH), c));
    FloatVector p = r.fma(all(0.0013814467f), all(0.008368781f));
    p = p.fma(r, all(0.041668393f));
    p = p.fma(r, all(0.1666652f));
    p = p.fma(r, all(0.49999994f));
    p = p.mul(r).fma(r, r).add(1f);
    IntVector power = shifted.reinterpretAsInts().lanewise(LSHL, 23).add(0x3f800000);
    return p.mul(power.reinterpretAsFloats());
  }
}
