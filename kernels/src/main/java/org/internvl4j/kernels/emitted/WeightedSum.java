package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.EQUAL;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Register.R10;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RBX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Register.RSP;
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.List;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// `y = factor · y + Σ_j w[j] · v[j]`, where `y` and the `v[j]` are rows: two chains of sums, of
/// even and odd `j`.
record WeightedSum() implements Program {
  private static final int TOGETHER = 4; // vectors of a row
  private static final Vector FACTOR = zmm(16);
  private static final Vector WEIGHT = zmm(17);
  private static final Vector V = zmm(18);

  /// The function `add(n, y, w, v, stride, count, factor)`: `count` rows of `n` elements, `stride`
  /// bytes apart; `factor` are the bits of a float.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    a.push(RBX); // the caller's
    a.mov(RBX, at(RSP, 16));
    a.vpbroadcastd(FACTOR, RBX);
    Sweep.turns(a, RDI, TOGETHER, turn -> sums(a, turn));
    a.pop(RBX);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  private static void sums(Assembler a, List<Sweep> turn) {
    Label two = new Label();
    Label one = new Label();
    Label done = new Label();
    for (Sweep some : turn) {
      a.vmovups(some.zeroed(V), some.of(RSI));
      a.vmulps(even(some), V, FACTOR);
      a.vxorps(odd(some), odd(some), odd(some));
    }
    a.mov(RBX, RDX);
    a.mov(RDI, RCX);
    a.mov(R10, R9);
    a.sub(R10, 2);
    a.jump(LESS, one);
    a.align();
    a.bind(two);
    a.vbroadcastss(WEIGHT, at(RBX));
    turn.forEach(some -> product(a, some, even(some)));
    a.add(RDI, R8);
    a.vbroadcastss(WEIGHT, at(RBX, 4));
    turn.forEach(some -> product(a, some, odd(some)));
    a.add(RDI, R8);
    a.add(RBX, 8);
    a.sub(R10, 2);
    a.jump(GREATER_OR_EQUAL, two);
    a.bind(one);
    a.add(R10, 2);
    a.jump(EQUAL, done);
    a.vbroadcastss(WEIGHT, at(RBX));
    turn.forEach(some -> product(a, some, even(some)));
    a.bind(done);
    for (Sweep some : turn) {
      a.vaddps(even(some), even(some), odd(some));
      a.vmovups(some.of(RSI), some.masked(even(some)));
    }
  }

  private static void product(Assembler a, Sweep some, Vector sum) {
    a.vmovups(some.zeroed(V), some.of(RDI));
    a.vfmadd231ps(sum, WEIGHT, V);
  }

  private static Vector even(Sweep some) {
    return zmm(some.which());
  }

  private static Vector odd(Sweep some) {
    return zmm(TOGETHER + some.which());
  }
}
