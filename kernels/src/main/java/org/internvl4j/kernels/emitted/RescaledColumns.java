package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// Lines of 16 columns, each of which is multiplied by its factor before something is added, or
/// divided by it.
record RescaledColumns(boolean divides) implements Program {
  /// The function `rescale(lines, y, x, factors, stride)`, at least one line: `y = factor · y + x`,
  /// or `y = y · (1 / factor)`; lines are `stride` bytes apart.
  @Override
  public byte[] code() {
    Vector factor = zmm(0);
    Vector y = zmm(1);
    Vector one = zmm(2);
    Assembler a = new Assembler();
    Label loop = new Label();
    a.vmovups(factor, at(RCX));
    if (divides) {
      a.vbroadcastss(one, a.floatConstant(1f));
      a.vdivps(factor, one, factor);
    }
    a.align();
    a.bind(loop);
    if (divides) {
      a.vmulps(y, factor, at(RSI));
    } else {
      a.vmovups(y, at(RSI));
      a.vfmadd213ps(y, factor, at(RDX));
      a.add(RDX, R8);
    }
    a.vmovups(at(RSI), y);
    a.add(RSI, R8);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
