package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Register.R10;
import static org.internvl4j.kernels.asm.Register.R11;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Register.RSP;

import java.util.Set;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.kernels.asm.Register;
import org.internvl4j.kernels.asm.Vector;

/// `y[c] = init[c] + Σ_i x[i] · w[i][c]`: one row times two panels, the sums in registers, in the
/// order of `i`. Two streams keep more reads under way than one.
///
/// @param arithmetic what is multiplied with what
/// @param bits of a vector
record Row(Arithmetic arithmetic, int bits) implements Program {
  private static final int HALF = 64; // bytes of 16 columns

  @Override
  public Set<Feature> needs() {
    return arithmetic.needs(bits);
  }

  /// The function `row(k, x, w, v, y, z, yInit, zInit)`: `k` inputs from `x` on, one after the
  /// other, times the panel at `w`, which gives `y`, and the one at `v`, which gives `z`.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    Label done = new Label();
    arithmetic.prepare(a);
    a.mov(R10, at(RSP, 8));
    a.mov(R11, at(RSP, 16));
    sums(0, (sum, place) -> a.vmovups(sum, at(R10, place)));
    sums(1, (sum, place) -> a.vmovups(sum, at(R11, place)));
    a.align();
    a.bind(loop);
    a.sub(RDI, 1);
    a.jump(LESS, done);
    Vector x = register(sums());
    a.vbroadcastss(x, at(RSI));
    line(a, 0, RDX, x);
    line(a, 1, RCX, x);
    a.add(RSI, 4);
    a.add(RDX, arithmetic.line);
    a.add(RCX, arithmetic.line);
    a.jmp(loop);
    a.bind(done);
    sums(0, (sum, place) -> a.vmovups(at(R8, place), sum));
    sums(1, (sum, place) -> a.vmovups(at(R9, place), sum));
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  private void line(Assembler a, int panel, Register weights, Vector x) {
    for (int i = 0; i < vectors(); i++) {
      Vector low = register(sums() + 1 + 2 * (i + panel * vectors()) % 6);
      Vector high = register(low.number() + 1);
      Address line = at(weights, bits / 8 * i);
      arithmetic.load(a, low, high, line);
      arithmetic.add(a, sum(panel, i, 0), low, x);
      arithmetic.add(a, sum(panel, i, 1), high, x);
    }
  }

  private interface Move {
    void move(Vector sum, int place);
  }

  private void sums(int panel, Move move) {
    for (int i = 0; i < vectors(); i++) {
      move.move(sum(panel, i, 0), bits / 8 * i);
      move.move(sum(panel, i, 1), bits / 8 * i + HALF);
    }
  }

  /// Vectors of 16 columns.
  private int vectors() {
    return 512 / bits;
  }

  /// Of both panels.
  private int sums() {
    return 4 * vectors();
  }

  private Vector sum(int panel, int vector, int half) {
    return register((panel * vectors() + vector) * 2 + half);
  }

  private Vector register(int number) {
    return new Vector(number, bits, 0, false);
  }
}
