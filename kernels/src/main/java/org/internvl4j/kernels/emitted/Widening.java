package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// Bf16 numbers as floats, of which they are the upper halves.
record Widening() implements Program {
  /// The function `widen(n, y, x)`.
  @Override
  public byte[] code() {
    Vector x = zmm(0);
    Assembler a = new Assembler();
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vpmovzxwd(some.zeroed(x), some.ofHalves(RDX));
          a.vpslld(x, x, 16);
          a.vmovups(some.of(RSI), some.masked(x));
        });
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
