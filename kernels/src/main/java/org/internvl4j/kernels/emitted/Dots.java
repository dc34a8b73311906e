package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
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

/// `y[r] = Σ_i x[r][i] · v[i]`, bound by reading `x`: four vectors of sums, which are added up by
/// twos at the end. With AVX-512.
record Dots() implements Program {
  /// Rows have a multiple of so many floats.
  static final int STEP = 64;

  /// The function `dots(rows, x, xStride, v, y, yStride, steps)`, at least one row, strides in
  /// bytes.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label row = new Label();
    Label loop = new Label();
    Label done = new Label();
    a.bind(row);
    Sweep.clear(a, 4);
    a.mov(R10, RSI);
    a.mov(R11, RCX);
    a.mov(RAX, at(RSP, 8));
    a.align();
    a.bind(loop);
    a.sub(RAX, 1);
    a.jump(LESS, done);
    for (int i = 0; i < 4; i++) {
      a.vmovups(zmm(4 + i), at(R10, 64 * i));
      a.vfmadd231ps(zmm(i), zmm(4 + i), at(R11, 64 * i));
    }
    a.add(R10, 4 * STEP);
    a.add(R11, 4 * STEP);
    a.jmp(loop);
    a.bind(done);
    Sweep.addUpFour(a);
    a.vmovss(at(R8), zmm(0));
    a.add(RSI, RDX);
    a.add(R8, R9);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, row);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
