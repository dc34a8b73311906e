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

import java.util.Arrays;
import java.util.stream.IntStream;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Register;
import org.internvl4j.kernels.asm.Vector;

/// One row of [PackedRow] times two panels of blocks: 32 inputs of 32 columns with a scale each.
/// Products within a block are whole numbers and exact, four an instruction; a block is scaled and
/// added to the sums as floats, in the order of the blocks. With AVX-512 VNNI, and VBMI for four
/// bits.
///
/// @param weightBits 8 or 4
record BlockRow(int weightBits) implements Program {
  private static final int SCALES = 64; // bytes at the start of a block
  private static final int HALF = 64; // bytes of 16 columns
  private static final Vector FIRST = zmm(29); // which bits the lower columns are, or which halves
  private static final Vector SECOND = zmm(30); // and which the upper ones
  private static final Vector MASK = zmm(31);

  /// Bytes of a block of weights.
  int block() {
    return SCALES + 32 * 32 * weightBits / 8;
  }

  /// What is added to a weight to have none below 0.
  int offset() {
    return weightBits == 8 ? 128 : 8;
  }

  @Override
  public int arguments() {
    return 8;
  }

  /// The function `row(blocks, x, w, v, y, z, yInit, zInit)`: packed inputs at `x` times the panel
  /// at `w`, which gives `y`, and the one at `v`, which gives `z`.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    Label done = new Label();
    prepare(a);
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
    a.add(RDX, block());
    a.add(RCX, block());
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

  private void prepare(Assembler a) {
    int[] mask = new int[16];
    Arrays.fill(mask, weightBits == 8 ? 0x80808080 : 0x0f0f0f0f);
    a.vmovups(MASK, a.constant(mask));
    a.vmovups(FIRST, a.constant(weightBits == 8 ? Arithmetic.halves(0) : nibbles(0)));
    a.vmovups(SECOND, a.constant(weightBits == 8 ? Arithmetic.halves(1) : nibbles(16)));
  }

  /// Of each two ints, where the four nibbles of a half of each begin.
  private static int[] nibbles(int first) {
    int even = first | ((first + 4) << 8) | ((first + 8) << 16) | ((first + 12) << 24);
    return IntStream.range(0, 16).map(i -> even + (i % 2) * 0x20202020).toArray();
  }

  /// Sums of a block's products, in whole numbers.
  private void products(Assembler a) {
    a.vbroadcastss(whole(0, 0), at(RSI, PackedRow.START));
    a.vmovups(whole(0, 1), whole(0, 0));
    a.vmovups(whole(1, 0), whole(0, 0));
    a.vmovups(whole(1, 1), whole(0, 0));
    for (int four = 0; four < 8; four++) {
      Vector x = zmm(8 + four % 2);
      a.vbroadcastss(x, at(RSI, 4 * four));
      for (int panel = 0; panel < 2; panel++) {
        Address line = at(panel == 0 ? RDX : RCX, SCALES + 16 * weightBits * four);
        Vector low = zmm(10 + 4 * panel);
        Vector high = zmm(11 + 4 * panel);
        load(a, low, high, zmm(12 + 4 * panel), line);
        a.vpdpbusd(whole(panel, 0), low, x);
        a.vpdpbusd(whole(panel, 1), high, x);
      }
    }
  }

  /// Four weights of each column, as bytes without a sign.
  private void load(Assembler a, Vector low, Vector high, Vector spare, Address line) {
    if (weightBits == 4) {
      a.vpmultishiftqb(low, FIRST, line);
      a.vpmultishiftqb(high, SECOND, line);
      a.vandps(low, low, MASK);
      a.vandps(high, high, MASK);
    } else {
      a.vmovups(low, line);
      a.vmovups(spare, line.plus(64));
      a.vmovups(high, low);
      a.vpermt2w(low, FIRST, spare);
      a.vpermt2w(high, SECOND, spare);
      a.vxorps(low, low, MASK);
      a.vxorps(high, high, MASK);
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
