package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;

import org.internvl4j.kernels.asm.Assembler;

/// `y[i] = formula(a[i], b[i])`: elements side by side, each of which depends on its own inputs
/// alone.
record Stretch(Formula formula) implements Program {
  /// The function `stretch(n, y, a, b)`.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    formula.prepare(a);
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(Formula.X), some.of(RDX));
          if (formula.isBinary) {
            a.vmovups(some.zeroed(Formula.B), some.of(RCX));
          }
          formula.write(a);
          a.vmovups(some.of(RSI), some.masked(Formula.X));
        });
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
