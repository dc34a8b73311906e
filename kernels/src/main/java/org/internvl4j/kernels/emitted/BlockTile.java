package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Register.R10;
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
import org.internvl4j.kernels.asm.Vector;

/// Up to six rows of [PackedRow] times a panel of blocks, the same sums as of [BlockRow]: twelve
/// sums of floats and twelve of a block's products in registers.
///
/// @param weights what a block is
/// @param rows 1 to [#MOST]
record BlockTile(BlockWeights weights, int rows) implements Program {
  /// Rows whose sums are in registers together.
  static final int MOST = 6;

  private static final int HALF = 64; // bytes of 16 columns
  private static final int AHEAD = 12_288; // bytes between what is asked for and what is read
  private static final Vector LOW = zmm(24);
  private static final Vector HIGH = zmm(25);
  private static final Vector SPARE = zmm(26);
  private static final Address INIT_STRIDE = at(RSP, 8);
  private static final Address Y_STRIDE = at(RSP, 16);

  @Override
  public Set<Feature> needs() {
    return BlockWeights.NEEDS;
  }

  /// The function `tile(blocks, x, xStride, w, y, init, initStride, yStride)`, all but `blocks` in
  /// bytes: `x` are packed rows, `w` a panel, `y` and `init` rows of 32 floats.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    Label done = new Label();
    weights.prepare(a);
    a.mov(R10, RSI);
    for (int i = 0; i < 3; i++) {
      a.add(R10, RDX); // the fourth row
    }
    for (int r = 0; r < rows; r++) {
      a.vmovups(sum(r, 0), at(R9));
      a.vmovups(sum(r, 1), at(R9, HALF));
      a.add(R9, INIT_STRIDE);
    }
    a.sub(RDI, 1);
    a.jump(LESS, done);
    a.align();
    a.bind(loop);
    products(a);
    scale(a);
    a.add(RSI, PackedRow.BLOCK);
    a.add(R10, PackedRow.BLOCK);
    a.add(RCX, weights.block());
    a.sub(RDI, 1);
    a.jump(GREATER_OR_EQUAL, loop);
    a.bind(done);
    for (int r = 0; r < rows; r++) {
      a.vmovups(at(R8), sum(r, 0));
      a.vmovups(at(R8, HALF), sum(r, 1));
      a.add(R8, Y_STRIDE);
    }
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  /// Sums of a block's products, in whole numbers.
  private void products(Assembler a) {
    for (int r = 0; r < rows; r++) {
      a.vbroadcastss(whole(r, 0), input(r, PackedRow.START));
      a.vmovups(whole(r, 1), whole(r, 0));
    }
    for (int next = 0; next < weights.block(); next += 64) {
      a.prefetcht0(at(RCX, next + AHEAD));
    }
    for (int four = 0; four < BlockWeights.FOURS; four++) {
      weights.load(a, LOW, HIGH, SPARE, at(RCX, weights.line(four)));
      for (int r = 0; r < rows; r++) {
        Vector x = zmm(27 + r % 2);
        a.vbroadcastss(x, input(r, 4 * four));
        a.vpdpbusd(whole(r, 0), LOW, x);
        a.vpdpbusd(whole(r, 1), HIGH, x);
      }
    }
  }

  /// Adds a block to the sums.
  private void scale(Assembler a) {
    Arithmetic.F32_BF16.load(a, LOW, HIGH, at(RCX));
    for (int r = 0; r < rows; r++) {
      Address scale = input(r, PackedRow.SCALE).forAll();
      a.vmulps(zmm(27), LOW, scale);
      a.vmulps(zmm(28), HIGH, scale);
      a.vcvtdq2ps(whole(r, 0), whole(r, 0));
      a.vcvtdq2ps(whole(r, 1), whole(r, 1));
      a.vfmadd231ps(sum(r, 0), whole(r, 0), zmm(27));
      a.vfmadd231ps(sum(r, 1), whole(r, 1), zmm(28));
    }
  }

  /// A place in the block of a row's inputs.
  private static Address input(int row, int place) {
    return switch (row % 3) {
      case 0 -> at(row == 0 ? RSI : R10, place);
      case 1 -> at(row == 1 ? RSI : R10, RDX, 1, place);
      default -> at(row == 2 ? RSI : R10, RDX, 2, place);
    };
  }

  private static Vector sum(int row, int half) {
    return zmm(2 * row + half);
  }

  private static Vector whole(int row, int half) {
    return zmm(2 * MOST + 2 * row + half);
  }
}
