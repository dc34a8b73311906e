package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Comparison.UNORDERED;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.xmm;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// The largest of floats side by side; no number if one of them is none.
record Largest() implements Program {
  private static final int NONE = 2; // a mask: whether some element is no number

  /// The function `largest(n, x)`, which returns the bits of a float.
  @Override
  public byte[] code() {
    Vector x = zmm(0);
    Vector bits = zmm(1); // of magnitudes: those of what is no number are the largest
    Vector most = zmm(2);
    Vector max = zmm(3);
    Vector other = zmm(4);
    Assembler a = new Assembler();
    a.vxorps(most, most, most);
    a.vbroadcastss(max, a.floatConstant(Float.NEGATIVE_INFINITY));
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(x), some.of(RSI));
          a.vmaxps(some.masked(max), x, max);
          a.vandps(bits, x, a.constant(Integer.MAX_VALUE).forAll());
          a.vpmaxud(most, most, bits);
        });
    Sweep.across(a, max, other, () -> a.vmaxps(max, max, other));
    Sweep.across(a, most, other, () -> a.vpmaxud(most, most, other));
    a.vcmpps(NONE, most, most, UNORDERED);
    a.vmovups(max.masked(NONE), most);
    a.vmovd(RAX, xmm(max.number()));
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
