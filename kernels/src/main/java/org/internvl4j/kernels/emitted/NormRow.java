package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Register.RSP;
import static org.internvl4j.kernels.asm.Vector.xmm;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// A row as norms leave it: `y = (x − mean) / √(variance + eps) · weight + bias` where it is
/// centred, else `y = x / √(mean(x²) + eps) · weight`. What one number is made of is computed in
/// doubles.
record NormRow(boolean isCentred) implements Program {
  private static final Vector X = zmm(4);
  private static final Vector WEIGHT = zmm(5);
  private static final Vector BIAS = zmm(6);
  private static final Vector MEAN = zmm(7);
  private static final Vector SCALE = zmm(8);
  private static final Vector COUNT = zmm(9);
  private static final Vector COUNT_D = xmm(10); // doubles
  private static final Vector EPS_D = xmm(11);
  private static final Vector SQUARE_D = xmm(12);
  private static final Vector OTHER_D = xmm(13);

  /// The function `norm(n, y, x, weight, bias, count, eps)`: `count` is `n` as a double, `eps` is
  /// one, too. `y` may be `x`; without centring there is no bias.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    a.vmovq(COUNT_D, R9);
    a.mov(RAX, at(RSP, 8));
    a.vmovq(EPS_D, RAX);
    if (isCentred) {
      meanOfSums(a);
      variance(a);
    } else {
      meanOfSquares(a);
    }
    scale(a);
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(X), some.of(RDX));
          a.vmovups(some.zeroed(WEIGHT), some.of(RCX));
          if (isCentred) {
            a.vmovups(some.zeroed(BIAS), some.of(R8));
            a.vsubps(X, X, MEAN);
            a.vmulps(X, X, SCALE);
            a.vfmadd213ps(X, WEIGHT, BIAS);
          } else {
            a.vmulps(X, X, SCALE);
            a.vmulps(X, X, WEIGHT);
          }
          a.vmovups(some.of(RSI), some.masked(X));
        });
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  private static void meanOfSums(Assembler a) {
    Sweep.clear(a, 4);
    Sweep.over(
        a,
        RDI,
        4,
        some -> {
          a.vmovups(some.zeroed(X), some.of(RDX));
          a.vaddps(zmm(some.which()), zmm(some.which()), X);
        });
    Sweep.addUpFour(a);
    a.vcvtsd2ss(xmm(9), xmm(9), COUNT_D);
    a.vbroadcastss(COUNT, xmm(9));
    a.vdivps(MEAN, zmm(0), COUNT);
  }

  /// The variance is that of differences from the mean, less what rounding left of the mean.
  private static void variance(Assembler a) {
    Sweep.clear(a, 4); // sums, and then sums of squares
    Sweep.over(
        a,
        RDI,
        2,
        some -> {
          Vector sum = zmm(some.which());
          Vector squares = zmm(2 + some.which());
          a.vmovups(some.zeroed(X), some.of(RDX));
          a.vsubps(some.zeroed(X), X, MEAN);
          a.vaddps(sum, sum, X);
          a.vfmadd231ps(squares, X, X);
        });
    a.vaddps(zmm(0), zmm(0), zmm(1));
    Sweep.addUp(a, zmm(0), zmm(1));
    a.vdivps(zmm(0), zmm(0), COUNT);
    a.vaddps(MEAN, MEAN, zmm(0));
    a.vaddps(zmm(2), zmm(2), zmm(3));
    Sweep.addUp(a, zmm(2), zmm(3));
    a.vcvtss2sd(SQUARE_D, SQUARE_D, xmm(2));
    a.vdivsd(SQUARE_D, SQUARE_D, COUNT_D);
    a.vcvtss2sd(OTHER_D, OTHER_D, xmm(0));
    a.vmulsd(OTHER_D, OTHER_D, OTHER_D);
    a.vsubsd(SQUARE_D, SQUARE_D, OTHER_D);
    a.vxorps(OTHER_D, OTHER_D, OTHER_D);
    a.vmaxsd(SQUARE_D, OTHER_D, SQUARE_D);
  }

  private static void meanOfSquares(Assembler a) {
    Sweep.clear(a, 4);
    Sweep.over(
        a,
        RDI,
        4,
        some -> {
          a.vmovups(some.zeroed(X), some.of(RDX));
          a.vfmadd231ps(zmm(some.which()), X, X);
        });
    Sweep.addUpFour(a);
    a.vcvtss2sd(SQUARE_D, SQUARE_D, xmm(0));
    a.vdivsd(SQUARE_D, SQUARE_D, COUNT_D);
  }

  /// `1 / √(square + eps)`.
  private static void scale(Assembler a) {
    a.vaddsd(SQUARE_D, SQUARE_D, EPS_D);
    a.vsqrtsd(SQUARE_D, SQUARE_D, SQUARE_D);
    a.vbroadcastss(OTHER_D, a.floatConstant(1f));
    a.vcvtss2sd(OTHER_D, OTHER_D, OTHER_D);
    a.vdivsd(SQUARE_D, OTHER_D, SQUARE_D);
    a.vcvtsd2ss(SQUARE_D, SQUARE_D, SQUARE_D);
    a.vbroadcastss(SCALE, SQUARE_D);
  }
}
