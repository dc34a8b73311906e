package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.internvl4j.kernels.cpu.Lanes.F;
import static org.internvl4j.kernels.cpu.Lanes.I;
import static org.internvl4j.kernels.cpu.Lanes.LE;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.internvl4j.runtime.DType;
import org.internvl4j.runtime.Elements;
import org.internvl4j.runtime.Tensor;
import org.jspecify.annotations.Nullable;

/// `y[r] = weight · x[r] + bias` for few rows: bound by reading the weights, once, as they are
/// stored.
///
/// Four rows of weights are read side by side, `2·N` elements a step. For 16-bit weights a step
/// gives the even and the odd elements, so each worker keeps `x` in that order. All rows of `x` use
/// four rows of weights before the next four are read.
final class MatVec {
  private static final int GROUP = 4;
  private static final int STEP = 2 * Lanes.N;

  private final Rows y;
  private final Rows x;
  private final MemorySegment w;
  private final long w0;
  private final DType dtype;
  private final int in;
  private final int out;
  private final int whole; // elements in whole steps
  private final @Nullable MemorySegment bias;
  private final long bias0;

  private MatVec(Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    this.y = Rows.of(y);
    this.x = Rows.of(x);
    this.w = weight.segment();
    this.w0 = weight.byteOffset();
    this.dtype = weight.dtype();
    this.in = weight.dim(1);
    this.out = weight.dim(0);
    this.whole = in / STEP * STEP;
    this.bias = bias == null ? null : bias.segment();
    this.bias0 = bias == null ? 0 : bias.byteOffset();
  }

  static void run(Pool pool, Tensor y, Tensor x, Tensor weight, @Nullable Tensor bias) {
    new MatVec(y, x, weight, bias).run(pool);
  }

  private void run(Pool pool) {
    pool.run(
        (long) x.count * in * out,
        share -> {
          MemorySegment scratch = share.scratch(4L * whole * x.count + 4L * GROUP);
          for (int r = 0; r < x.count; r++) {
            arrange(scratch, 4L * whole * r, x.at(r));
          }
          int from = share.from(out);
          int to = share.to(out);
          int quarter = (to - from + GROUP - 1) / GROUP;
          for (int c = from; c < from + quarter; c++) {
            group(scratch, c, quarter, to);
          }
        });
  }

  /// Copies the whole steps of a row of `x`, for 16-bit weights even elements before odd ones.
  private void arrange(MemorySegment scratch, long to, long at) {
    for (int i = 0; i < whole; i += STEP) {
      FloatVector a = FloatVector.fromMemorySegment(F, x.segment, at + 4L * i, LE);
      FloatVector b = FloatVector.fromMemorySegment(F, x.segment, at + 4L * i + Lanes.BYTES, LE);
      boolean halves = dtype != DType.F32;
      (halves ? Lanes.evens(a, b) : a).intoMemorySegment(scratch, to + 4L * i, LE);
      (halves ? Lanes.odds(a, b) : b).intoMemorySegment(scratch, to + 4L * i + Lanes.BYTES, LE);
    }
  }

  /// Outputs `c`, `c + quarter`, … of all rows of `x`. At the end the last row of weights stands in
  /// for those that do not exist.
  private void group(MemorySegment scratch, int c, int quarter, int end) {
    long stride = (long) in * dtype.bytes();
    long a0 = w0 + c * stride;
    long a1 = w0 + Math.min(c + quarter, end - 1) * stride;
    long a2 = w0 + Math.min(c + 2 * quarter, end - 1) * stride;
    long a3 = w0 + Math.min(c + 3 * quarter, end - 1) * stride;
    long sums = 4L * whole * x.count;
    for (int r = 0; r < x.count; r++) {
      long at = 4L * whole * r;
      switch (dtype) {
        case BF16 -> bf16(w, a0, a1, a2, a3, scratch, at, whole, sums);
        case F16 -> f16(w, a0, a1, a2, a3, scratch, at, whole, sums);
        case F32 -> f32(w, a0, a1, a2, a3, scratch, at, whole, sums);
        case I8, U8, I32, I64, Q8, Q4 -> throw new AssertionError(dtype);
      }
      for (int i = 0; i < GROUP && c + i * quarter < end; i++) {
        finish(r, c + i * quarter, scratch.get(JAVA_FLOAT_UNALIGNED, sums + 4L * i));
      }
    }
  }

  /// Adds what lies behind the whole steps, and the bias.
  private void finish(int r, int c, float sum) {
    float total = sum;
    long xAt = x.at(r);
    long wAt = w0 + (long) c * in * dtype.bytes();
    for (int i = whole; i < in; i++) {
      float weight = Elements.getAt(w, dtype, wAt + (long) i * dtype.bytes());
      total = Math.fma(x.segment.get(JAVA_FLOAT_UNALIGNED, xAt + 4L * i), weight, total);
    }
    if (bias != null) {
      total += bias.get(JAVA_FLOAT_UNALIGNED, bias0 + 4L * c);
    }
    y.segment.set(JAVA_FLOAT_UNALIGNED, y.at(r) + 4L * c, total);
  }

  private static void bf16(
      MemorySegment w,
      long a0,
      long a1,
      long a2,
      long a3,
      MemorySegment x,
      long at,
      int n,
      long sums) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    FloatVector t0 = FloatVector.zero(F);
    FloatVector t1 = FloatVector.zero(F);
    FloatVector t2 = FloatVector.zero(F);
    FloatVector t3 = FloatVector.zero(F);
    for (int i = 0; i < n; i += STEP) {
      FloatVector even = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE);
      FloatVector odd = FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE);
      IntVector v = IntVector.fromMemorySegment(I, w, a0 + 2L * i, LE);
      s0 = v.lanewise(LSHL, 16).reinterpretAsFloats().fma(even, s0);
      t0 = v.and(0xffff0000).reinterpretAsFloats().fma(odd, t0);
      v = IntVector.fromMemorySegment(I, w, a1 + 2L * i, LE);
      s1 = v.lanewise(LSHL, 16).reinterpretAsFloats().fma(even, s1);
      t1 = v.and(0xffff0000).reinterpretAsFloats().fma(odd, t1);
      v = IntVector.fromMemorySegment(I, w, a2 + 2L * i, LE);
      s2 = v.lanewise(LSHL, 16).reinterpretAsFloats().fma(even, s2);
      t2 = v.and(0xffff0000).reinterpretAsFloats().fma(odd, t2);
      v = IntVector.fromMemorySegment(I, w, a3 + 2L * i, LE);
      s3 = v.lanewise(LSHL, 16).reinterpretAsFloats().fma(even, s3);
      t3 = v.and(0xffff0000).reinterpretAsFloats().fma(odd, t3);
    }
    put(x, sums, s0.add(t0), s1.add(t1), s2.add(t2), s3.add(t3));
  }

  private static void f16(
      MemorySegment w,
      long a0,
      long a1,
      long a2,
      long a3,
      MemorySegment x,
      long at,
      int n,
      long sums) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    for (int i = 0; i < n; i += STEP) {
      FloatVector even = FloatVector.fromMemorySegment(F, x, at + 4L * i, LE);
      FloatVector odd = FloatVector.fromMemorySegment(F, x, at + 4L * i + Lanes.BYTES, LE);
      IntVector v = IntVector.fromMemorySegment(I, w, a0 + 2L * i, LE);
      s0 = Lanes.oddF16(v).fma(odd, Lanes.evenF16(v).fma(even, s0));
      v = IntVector.fromMemorySegment(I, w, a1 + 2L * i, LE);
      s1 = Lanes.oddF16(v).fma(odd, Lanes.evenF16(v).fma(even, s1));
      v = IntVector.fromMemorySegment(I, w, a2 + 2L * i, LE);
      s2 = Lanes.oddF16(v).fma(odd, Lanes.evenF16(v).fma(even, s2));
      v = IntVector.fromMemorySegment(I, w, a3 + 2L * i, LE);
      s3 = Lanes.oddF16(v).fma(odd, Lanes.evenF16(v).fma(even, s3));
    }
    put(x, sums, s0, s1, s2, s3);
  }

  private static void f32(
      MemorySegment w,
      long a0,
      long a1,
      long a2,
      long a3,
      MemorySegment x,
      long at,
      int n,
      long sums) {
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    FloatVector t0 = FloatVector.zero(F);
    FloatVector t1 = FloatVector.zero(F);
    FloatVector t2 = FloatVector.zero(F);
    FloatVector t3 = FloatVector.zero(F);
    for (int i = 0; i < n; i += STEP) {
      long o = 4L * i;
      long p = o + Lanes.BYTES;
      FloatVector left = FloatVector.fromMemorySegment(F, x, at + o, LE);
      FloatVector right = FloatVector.fromMemorySegment(F, x, at + p, LE);
      s0 = FloatVector.fromMemorySegment(F, w, a0 + o, LE).fma(left, s0);
      t0 = FloatVector.fromMemorySegment(F, w, a0 + p, LE).fma(right, t0);
      s1 = FloatVector.fromMemorySegment(F, w, a1 + o, LE).fma(left, s1);
      t1 = FloatVector.fromMemorySegment(F, w, a1 + p, LE).fma(right, t1);
      s2 = FloatVector.fromMemorySegment(F, w, a2 + o, LE).fma(left, s2);
      t2 = FloatVector.fromMemorySegment(F, w, a2 + p, LE).fma(right, t2);
      s3 = FloatVector.fromMemorySegment(F, w, a3 + o, LE).fma(left, s3);
      t3 = FloatVector.fromMemorySegment(F, w, a3 + p, LE).fma(right, t3);
    }
    put(x, sums, s0.add(t0), s1.add(t1), s2.add(t2), s3.add(t3));
  }

  private static void put(
      MemorySegment to, long at, FloatVector a, FloatVector b, FloatVector c, FloatVector d) {
    to.set(JAVA_FLOAT_UNALIGNED, at, Lanes.sum(a));
    to.set(JAVA_FLOAT_UNALIGNED, at + 4, Lanes.sum(b));
    to.set(JAVA_FLOAT_UNALIGNED, at + 8, Lanes.sum(c));
    to.set(JAVA_FLOAT_UNALIGNED, at + 12, Lanes.sum(d));
  }
}
