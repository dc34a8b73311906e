package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Comparison.GREATER;
import static org.internvl4j.kernels.asm.Comparison.UNORDERED;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Register.R10;
import static org.internvl4j.kernels.asm.Register.R11;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Register.RSP;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// The softmax of 16 columns over a block of lines: scores become weights `2^(factor · (score −
/// maximum))`, relative to the highest one so far (Milakov & Gimelshein 2018).
///
/// Lines that not every column sees come last, and are masked by comparing each column's limit with
/// the line's number.
record SoftmaxColumns() implements Program {
  private static final Vector X = zmm(0); // scores of a line, and of the next one
  private static final Vector Y = zmm(1);
  private static final Vector EXP = zmm(2);
  private static final Vector A = zmm(5); // maxima, then sums, of even and odd lines
  private static final Vector B = zmm(6);
  private static final Vector TOTAL = zmm(7); // of scores: no number if one is none
  private static final Vector LIMIT = zmm(8);
  private static final Vector NUMBER = zmm(9); // of the line
  private static final Vector FACTOR = zmm(10);
  private static final Vector SHIFT = zmm(11);
  private static final Vector SHRINK = zmm(12);
  private static final Vector SUM = zmm(13);
  private static final Vector ZERO = zmm(14);
  private static final Vector ONE = zmm(15);
  private static final Vector ROUND = zmm(16); // 1.5 · 2²³: adding it rounds to an integer
  private static final int SEES = 1; // the mask of columns that see a line

  private static final float[] POWER_OF_TWO = {
    0.0013406643f, 0.009617693f, 0.055503104f, 0.24022652f, 0.69314724f, 1
  };

  /// The function `softmax(all, count, scores, limits, state, factor, stride)`: `count` lines of
  /// scores, of which every column sees the first `all`, and as many as its float at `limits` says;
  /// at `state` the maxima and sums so far, which are brought up to date, and behind them what sums
  /// of earlier lines are multiplied by; `factor` are the bits of a float; all lines are `stride`
  /// bytes apart.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    a.mov(RAX, at(RSP, 8));
    a.vxorps(ZERO, ZERO, ZERO);
    a.vbroadcastss(ONE, a.floatConstant(1f));
    a.vbroadcastss(ROUND, a.floatConstant(12582912f));
    a.vpbroadcastd(FACTOR, R9);
    a.vmovups(LIMIT, at(RCX));
    maxima(a);
    weights(a);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  private static void maxima(Assembler a) {
    a.vmovups(A, at(R8));
    a.vmovups(B, A);
    a.vmovups(TOTAL, ZERO);
    lines(
        a,
        () -> {
          a.vmovups(X, at(R10));
          a.vmovups(Y, at(R10, RAX, 1, 0));
          a.vmaxps(A, X, A);
          a.vmaxps(B, Y, B);
          a.vaddps(X, X, Y);
          a.vaddps(TOTAL, TOTAL, X);
        },
        () -> {
          a.vmovups(X, at(R10));
          a.vmaxps(A.masked(SEES), X, A);
          a.vaddps(TOTAL.masked(SEES), TOTAL, X);
        });
    a.vmaxps(A, B, A);
    a.vmovups(X, at(R8));
    a.vmovups(at(R8), A);
    a.vmulps(SHIFT, A, FACTOR);
    a.vmulps(X, X, FACTOR);
    a.vsubps(X, X, SHIFT);
    powerOfTwo(a, X);
    a.vmovups(SHRINK, EXP);
    a.vmovups(at(R8, RAX, 2, 0), SHRINK);
    a.vmovups(SUM, at(R8, RAX, 1, 0));
    a.vcmpps(SEES, TOTAL, TOTAL, UNORDERED);
    a.vbroadcastss(SUM.masked(SEES), a.floatConstant(Float.NaN));
  }

  private static void weights(Assembler a) {
    a.vxorps(SHIFT, SHIFT, a.floatConstant(-0f).forAll());
    a.vmovups(A, ZERO);
    a.vmovups(B, ZERO);
    lines(
        a,
        () -> {
          a.vmovups(X, at(R10));
          a.vfmadd213ps(X, FACTOR, SHIFT);
          powerOfTwo(a, X);
          a.vmovups(at(R10), EXP);
          a.vaddps(A, A, EXP);
          a.vmovups(Y, at(R10, RAX, 1, 0));
          a.vfmadd213ps(Y, FACTOR, SHIFT);
          powerOfTwo(a, Y);
          a.vmovups(at(R10, RAX, 1, 0), EXP);
          a.vaddps(B, B, EXP);
        },
        () -> {
          a.vmovups(X, at(R10));
          a.vfmadd213ps(X, FACTOR, SHIFT);
          powerOfTwo(a, X);
          a.vmovups(EXP.zeroed(SEES), EXP);
          a.vmovups(at(R10), EXP);
          a.vaddps(A, A, EXP);
        });
    a.vaddps(A, A, B);
    a.vfmadd213ps(SUM, SHRINK, A);
    a.vmovups(at(R8, RAX, 1, 0), SUM);
  }

  /// Lines from `r10` on: those that every column sees by twos, the others one at a time.
  private static void lines(Assembler a, Runnable two, Runnable one) {
    Label twos = new Label();
    Label ones = new Label();
    Label left = new Label();
    Label done = new Label();
    a.mov(R10, RDX);
    a.mov(R11, RDI);
    a.sub(R11, 2);
    a.jump(LESS, ones);
    a.align();
    a.bind(twos);
    two.run();
    a.add(R10, RAX);
    a.add(R10, RAX);
    a.sub(R11, 2);
    a.jump(GREATER_OR_EQUAL, twos);
    a.bind(ones);
    a.add(R11, 2); // 1 if their number is odd
    a.mov(RCX, RDI);
    a.sub(RCX, R11);
    a.vpbroadcastd(NUMBER, RCX);
    a.vcvtdq2ps(NUMBER, NUMBER);
    a.mov(R11, RSI);
    a.sub(R11, RCX);
    a.bind(left);
    a.sub(R11, 1);
    a.jump(LESS, done);
    a.vcmpps(SEES, LIMIT, NUMBER, GREATER);
    one.run();
    a.vaddps(NUMBER, NUMBER, ONE);
    a.add(R10, RAX);
    a.jmp(left);
    a.bind(done);
  }

  /// `2ˣ` to [#EXP], of `x` up to a little over 0, with a relative error of 2e-8 before rounding, 1
  /// exactly for 0; 2⁻¹²⁵ from there on down: the exponent is added to that of a polynomial as an
  /// integer.
  private static void powerOfTwo(Assembler a, Vector x) {
    Vector shifted = zmm(3);
    Vector r = zmm(4);
    // of numbers below 0 the bits, as unsigned integers, grow with the distance from 0
    a.vpminud(r, x, a.floatConstant(-125f).forAll());
    a.vaddps(shifted, r, ROUND);
    a.vsubps(EXP, shifted, ROUND);
    a.vsubps(r, r, EXP);
    a.vbroadcastss(EXP, a.floatConstant(1.5594678e-4f));
    for (float next : POWER_OF_TWO) {
      a.vfmadd213ps(EXP, r, a.floatConstant(next).forAll());
    }
    a.vpslld(shifted, shifted, 23);
    a.vpaddd(EXP, EXP, shifted);
  }
}
