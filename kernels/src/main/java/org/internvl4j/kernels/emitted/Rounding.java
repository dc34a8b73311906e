package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.Set;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Processor.Feature;

/// Floats to the nearest bf16 numbers, of two as near the even one; with AVX-512 BF16, which takes
/// those below the smallest normal one for zero.
record Rounding() implements Program {
  /// Floats of a step.
  static final int STEP = 32;

  @Override
  public Set<Feature> needs() {
    return Set.of(Feature.AVX512, Feature.AVX512_BF16);
  }

  /// The function `round(steps, x, y)`: 32 floats a step, at least one of them.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    a.align();
    a.bind(loop);
    a.vmovups(zmm(0), at(RSI));
    a.vmovups(zmm(1), at(RSI, 64));
    a.vcvtne2ps2bf16(zmm(0), zmm(1), zmm(0));
    a.vmovups(at(RDX), zmm(0));
    a.add(RSI, 4 * STEP);
    a.add(RDX, 2 * STEP);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
