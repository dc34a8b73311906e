package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RBX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Register.RSP;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// Two halves of a head rotated by angles: `y = u · cos − v · sin`, `z = v · cos + u · sin`.
record RotatedHead() implements Program {
  /// The function `rotate(n, y, z, u, v, cos, sin)`; `y` may be `u`, and `z` may be `v`.
  @Override
  public byte[] code() {
    Vector u = zmm(0);
    Vector v = zmm(1);
    Vector cos = zmm(2);
    Vector sin = zmm(3);
    Vector sum = zmm(4);
    Vector other = zmm(5);
    Assembler a = new Assembler();
    a.push(RBX); // the caller's
    a.mov(RBX, at(RSP, 16));
    Sweep.over(
        a,
        RDI,
        1,
        some -> {
          a.vmovups(some.zeroed(u), some.of(RCX));
          a.vmovups(some.zeroed(v), some.of(R8));
          a.vmovups(some.zeroed(cos), some.of(R9));
          a.vmovups(some.zeroed(sin), some.of(RBX));
          a.vmulps(sum, u, cos);
          a.vmulps(other, v, sin);
          a.vsubps(sum, sum, other);
          a.vmovups(some.of(RSI), some.masked(sum));
          a.vmulps(sum, v, cos);
          a.vmulps(other, u, sin);
          a.vaddps(sum, sum, other);
          a.vmovups(some.of(RDX), some.masked(sum));
        });
    a.pop(RBX);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
