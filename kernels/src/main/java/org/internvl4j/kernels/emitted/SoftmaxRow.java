package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.xmm;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// The softmax of a row, part by part: scores become weights `exp(scale · score − maximum)`,
/// relative to the highest one so far.
record SoftmaxRow() implements Program {
  /// The function `softmax(n, x, state, scale)`: scores at `x` become weights; at `state` are the
  /// maximum and the sum of weights so far, which are brought up to date, and behind them what sums
  /// of earlier parts are multiplied by; `scale` are the bits of a float.
  @Override
  public byte[] code() {
    Vector x = zmm(0);
    Vector max = zmm(5);
    Vector other = zmm(6);
    Vector scale = zmm(7);
    Vector old = zmm(8);
    Vector sum = zmm(9);
    Assembler a = new Assembler();
    Formula.prepareExp(a);
    a.vpbroadcastd(scale, RCX);
    a.vbroadcastss(max, a.floatConstant(Float.NEGATIVE_INFINITY));
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(x), some.of(RSI));
          a.vmulps(x, x, scale);
          a.vmaxps(some.masked(max), x, max);
        });
    Sweep.across(a, max, other, () -> a.vmaxps(max, max, other));
    a.vbroadcastss(old, at(RDX));
    a.vmaxps(max, max, old);
    a.vmovss(at(RDX), xmm(max.number()));
    a.vsubps(old, old, max);
    Formula.exp(a, old);
    a.vmovss(at(RDX, 8), xmm(Formula.EXP.number()));
    a.vbroadcastss(old, at(RDX, 4));
    a.vmulps(old, old, Formula.EXP);
    a.vsubps(max, Formula.ZERO, max);
    a.vxorps(sum, sum, sum);
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(x), some.of(RSI));
          a.vfmadd213ps(x, scale, max);
          Formula.exp(a, x);
          a.vmovups(some.of(RSI), some.masked(Formula.EXP));
          a.vaddps(some.masked(sum), sum, Formula.EXP);
        });
    Sweep.addUp(a, sum, other);
    a.vaddps(sum, old, sum);
    a.vmovss(at(RDX, 4), xmm(sum.number()));
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
