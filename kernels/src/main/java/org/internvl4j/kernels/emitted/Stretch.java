package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;

/// `y[i] = formula(a[i], b[i])`: elements side by side, each of which depends on its own inputs
/// alone. With AVX-512, whose masks take what is left of a vector.
record Stretch(Formula formula) implements Program {
  /// Elements of a vector.
  static final int LANES = 16;

  private static final int REST = 1; // the mask of what is left

  @Override
  public int arguments() {
    return 5;
  }

  /// The function `stretch(n, y, a, b, rest)`: at `rest` are 16 bits, of which the lowest `n mod
  /// 16` are set.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    Label rest = new Label();
    Label some = new Label();
    Label done = new Label();
    a.kmovw(REST, at(R8));
    formula.prepare(a);
    a.sub(RDI, LANES);
    a.jump(LESS, rest);
    a.align();
    a.bind(loop);
    a.vmovups(Formula.X, at(RDX));
    if (formula.isBinary) {
      a.vmovups(Formula.B, at(RCX));
    }
    formula.write(a);
    a.vmovups(at(RSI), Formula.X);
    a.add(RSI, 4 * LANES);
    a.add(RDX, 4 * LANES);
    a.add(RCX, 4 * LANES);
    a.sub(RDI, LANES);
    a.jump(GREATER_OR_EQUAL, loop);
    a.bind(rest);
    a.add(RDI, LANES);
    a.jump(NOT_EQUAL, some);
    a.jmp(done);
    a.bind(some);
    a.vmovups(Formula.X.zeroed(REST), at(RDX));
    if (formula.isBinary) {
      a.vmovups(Formula.B.zeroed(REST), at(RCX));
    }
    formula.write(a);
    a.vmovups(at(RSI), Formula.X.masked(REST));
    a.bind(done);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
