package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
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

import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// `y[r][c] = init[r][c] + Σ_i x[r][i] · w[i][c]`: blocks of rows times a panel, the sums of a
/// block in registers, in the order of `i`.
///
/// Two vectors of columns and as many rows as leave registers for the weights and an input: 12 of
/// AVX-512's 32, 6 of AVX2's 16. AVX2 takes a panel in two passes, each half of its lower columns
/// and half of its upper ones.
///
/// @param arithmetic what is multiplied with what
/// @param bits of a vector
record Tile(Arithmetic arithmetic, int bits) {
  private static final int UNROLLED = 4; // lines a turn of the loop
  private static final Address INIT_STRIDE = at(RSP, 8);
  private static final Address Y_STRIDE = at(RSP, 16);
  private static final Address BLOCKS = at(RSP, 24);

  /// How many arguments its code takes.
  static final int ARGUMENTS = 9;

  /// Rows of a block.
  int rows() {
    return bits == 512 ? 12 : 6;
  }

  /// The function `tile(k, x, xStride, w, y, init, initStride, yStride, blocks)`, all but counts in
  /// bytes: `x` are blocks `[k][rows]`, `xStride` apart, `w` `k` lines of a panel, `y` and `init`
  /// rows of 32 floats. Every row of a block is read and written.
  byte[] code() {
    Assembler a = new Assembler();
    Label block = new Label();
    a.bind(block);
    a.mov(RAX, R9);
    for (int r = 0; r < rows(); r++) {
      a.vmovups(low(r), at(RAX));
      a.vmovups(high(r), at(RAX, 64));
      a.add(RAX, INIT_STRIDE);
    }
    a.mov(R9, RAX);
    sum(a);
    for (int r = 0; r < rows(); r++) {
      a.vmovups(at(R8), low(r));
      a.vmovups(at(R8, 64), high(r));
      a.add(R8, Y_STRIDE);
    }
    a.add(RSI, RDX);
    a.mov(RAX, BLOCKS);
    a.sub(RAX, 1);
    a.mov(BLOCKS, RAX);
    a.jump(NOT_EQUAL, block);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  /// All lines: several a turn, and those that are left one by one.
  private void sum(Assembler a) {
    Label many = new Label();
    Label few = new Label();
    Label rest = new Label();
    Label done = new Label();
    a.mov(R10, RSI);
    a.mov(R11, RCX);
    a.mov(RAX, RDI);
    a.sub(RAX, UNROLLED);
    a.jump(LESS, rest);
    a.align();
    a.bind(many);
    turn(a, UNROLLED);
    a.jump(GREATER_OR_EQUAL, many);
    a.bind(rest);
    a.add(RAX, UNROLLED - 1);
    a.jump(LESS, done);
    a.bind(few);
    turn(a, 1);
    a.jump(GREATER_OR_EQUAL, few);
    a.bind(done);
  }

  /// Some lines; afterwards flags say whether as many are left.
  private void turn(Assembler a, int lines) {
    for (int i = 0; i < lines; i++) {
      arithmetic.load(a, weights(0), weights(1), at(R11, arithmetic.line * i));
      for (int r = 0; r < rows(); r++) {
        a.vbroadcastss(input(r), at(R10, 4 * (rows() * i + r)));
        arithmetic.add(a, low(r), weights(0), input(r));
        arithmetic.add(a, high(r), weights(1), input(r));
      }
    }
    a.add(R10, 4 * rows() * lines);
    a.add(R11, arithmetic.line * lines);
    a.sub(RAX, lines);
  }

  private Vector low(int row) {
    return register(2 * row);
  }

  private Vector high(int row) {
    return register(2 * row + 1);
  }

  private Vector weights(int half) {
    return register(2 * rows() + half);
  }

  /// In turns those that are left.
  private Vector input(int row) {
    int first = 2 * rows() + 2;
    int count = (bits == 512 ? 32 : 16) - first;
    return register(first + row % count);
  }

  private Vector register(int number) {
    return new Vector(number, bits, 0, false);
  }
}
