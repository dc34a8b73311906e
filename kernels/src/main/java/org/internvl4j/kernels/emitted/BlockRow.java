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
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.Set;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.kernels.asm.Register;
import org.internvl4j.kernels.asm.Vector;

/// One row of [PackedRow] times two panels of blocks: 32 inputs of 32 columns with a scale each.
/// Products within a block are whole numbers and exact, four an instruction; a block is scaled and
/// added to the sums as floats, in the order of the blocks.
///
/// @param weights what a block is
record BlockRow(BlockWeights weights) implements Program {
  private static final int HALF = 64; // bytes of 16 columns

  @Override
  public Set<Feature> needs() {
    return BlockWeights.NEEDS;
  }

  /// The function `row(blocks, x, w, v, y, z, yInit, zInit)`: packed inputs at `x` times the panel
  /// at `w`, which gives `y`, and the one at `v`, which gives `z`.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    Label done = new Label();
    weights.prepare(a);
    a.mov(R10, at(RSP, 8));
    a.mov(R11, at(RSP, 16));
    for (int half = 0; half < 2; half++) {
      a.vmovups(sum(0, half), at(R10, HALF * half));
      a.vmovups(sum(1, half), at(R11, HALF * half));
    }
    a.align();
    a.bind(loop);
    a.sub(RDI, 1);
    a.jump(LESS, done);
    products(a);
    scale(a, 0, RDX);
    scale(a, 1, RCX);
    a.add(RSI, PackedRow.BLOCK);
    a.add(RDX, weights.block());
    a.add(RCX, weights.block());
    a.jmp(loop);
    a.bind(done);
    for (int half = 0; half < 2; half++) {
      a.vmovups(at(R8, HALF * half), sum(0, half));
      a.vmovups(at(R9, HALF * half), sum(1, half));
    }
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  /// Sums of a block's products, in whole numbers.
  private void products(Assembler a) {
    a.vbroadcastss(whole(0, 0), at(RSI, PackedRow.START));
    a.vmovups(whole(0, 1), whole(0, 0));
    a.vmovups(whole(1, 0), whole(0, 0));
    a.vmovups(whole(1, 1), whole(0, 0));
    for (int four = 0; four < BlockWeights.FOURS; four++) {
      Vector x = zmm(8 + four % 2);
      a.vbroadcastss(x, at(RSI, 4 * four));
      for (int panel = 0; panel < 2; panel++) {
        Address line = at(panel == 0 ? RDX : RCX, weights.line(four));
        Vector low = zmm(10 + 4 * panel);
        Vector high = zmm(11 + 4 * panel);
        weights.load(a, low, high, zmm(12 + 4 * panel), line);
        a.vpdpbusd(whole(panel, 0), low, x);
        a.vpdpbusd(whole(panel, 1), high, x);
      }
    }
  }

  /// Adds a block to the sums of a panel.
  private void scale(Assembler a, int panel, Register block) {
    Vector scale = zmm(10);
    Vector low = zmm(11);
    Vector high = zmm(12);
    a.vbroadcastss(scale, at(RSI, PackedRow.SCALE));
    Arithmetic.F32_BF16.load(a, low, high, at(block));
    a.vmulps(low, low, scale);
    a.vmulps(high, high, scale);
    a.vcvtdq2ps(whole(panel, 0), whole(panel, 0));
    a.vcvtdq2ps(whole(panel, 1), whole(panel, 1));
    a.vfmadd231ps(sum(panel, 0), whole(panel, 0), low);
    a.vfmadd231ps(sum(panel, 1), whole(panel, 1), high);
  }

  private static Vector sum(int panel, int half) {
    return zmm(2 * panel + half);
  }

  private static Vector whole(int panel, int half) {
    return zmm(4 + 2 * panel + half);
  }
}
