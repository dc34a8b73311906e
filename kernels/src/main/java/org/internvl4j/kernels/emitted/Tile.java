package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
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

/// `y[r][c] = init[r][c] + Σ_i x[r][i] · w[i][c]`: blocks of six rows times a panel, their sums in
/// registers, in the order of `i`.
///
/// AVX-512 has registers for two blocks and two vectors of columns: 24 sums, two vectors of weights
/// and six inputs. AVX2 has them for one block; it takes a panel in two passes, each half of its
/// lower columns and half of its upper ones.
///
/// Weights are asked for long before they are read: a few rows take them as fast as memory gives
/// them, where the processor's own prefetching gives 54 to 33 % of that.
///
/// @param arithmetic what is multiplied with what
/// @param bits of a vector
record Tile(Arithmetic arithmetic, int bits) {
  /// How many arguments the function of blocks takes.
  static final int ARGUMENTS = 9;

  /// How many arguments a function of some rows takes.
  static final int ROWS_ARGUMENTS = 8;

  private static final int ROWS = 6;
  private static final int LINE = 4 * ROWS; // of a block, bytes
  private static final int HALF = 64; // bytes of 16 columns
  private static final int UNROLLED = 4; // lines a turn of the loop
  private static final int AHEAD =
      12288; // bytes of weights that are asked for before they are read
  private static final Address INIT_STRIDE = at(RSP, 8);
  private static final Address Y_STRIDE = at(RSP, 16);
  private static final Address BLOCKS = at(RSP, 24);

  /// The function `tile(k, x, xStride, w, y, init, initStride, yStride, blocks)`, all but counts in
  /// bytes: `x` are blocks `[k][6]`, `xStride` apart, `w` `k` lines of a panel, `y` and `init` rows
  /// of 32 floats. All six rows of a block are read and written.
  byte[] code() {
    Assembler a = new Assembler();
    Label next = new Label();
    Label last = new Label();
    Label done = new Label();
    arithmetic.prepare(a);
    if (bits == 512) {
      a.bind(next);
      countDown(a, 2, last);
      blocks(a, 2);
      a.jmp(next);
      a.bind(last);
      a.add(RAX, 1);
      a.jump(LESS, done);
      blocks(a, 1);
    } else {
      a.bind(next);
      countDown(a, 1, done);
      blocks(a, 1);
      a.jmp(next);
    }
    a.bind(done);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  /// The function `tile(k, x, xStride, w, y, init, initStride, yStride)` for the first rows of one
  /// block, or of two: no others are read and written.
  ///
  /// @param rows 1 to [#most]
  byte[] code(int rows) {
    Assembler a = new Assembler();
    arithmetic.prepare(a);
    rows(a, rows);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  /// Rows whose sums are in registers together.
  int most() {
    return bits == 512 ? 2 * ROWS : ROWS;
  }

  private static void countDown(Assembler a, int blocks, Label otherwise) {
    a.mov(RAX, BLOCKS);
    a.sub(RAX, blocks);
    a.mov(BLOCKS, RAX);
    a.jump(LESS, otherwise);
  }

  /// So many blocks, and on to the next ones.
  private void blocks(Assembler a, int count) {
    rows(a, ROWS * count);
    for (int i = 0; i < count; i++) {
      a.add(RSI, RDX);
    }
  }

  private void rows(Assembler a, int rows) {
    for (int r = 0; r < rows; r++) {
      a.vmovups(low(r), at(R9));
      a.vmovups(high(r), at(R9, HALF));
      a.add(R9, INIT_STRIDE);
    }
    sum(a, rows);
    for (int r = 0; r < rows; r++) {
      a.vmovups(at(R8), low(r));
      a.vmovups(at(R8, HALF), high(r));
      a.add(R8, Y_STRIDE);
    }
  }

  /// All lines: several a turn, and those that are left one by one.
  private void sum(Assembler a, int rows) {
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
    turn(a, rows, UNROLLED);
    a.jump(GREATER_OR_EQUAL, many);
    a.bind(rest);
    a.add(RAX, UNROLLED - 1);
    a.jump(LESS, done);
    a.bind(few);
    turn(a, rows, 1);
    a.jump(GREATER_OR_EQUAL, few);
    a.bind(done);
  }

  /// Some lines; afterwards the flags say whether as many are left.
  private void turn(Assembler a, int rows, int lines) {
    int inputs = 2 * rows + 2; // registers from here on
    int spare = (bits == 512 ? 32 : 16) - arithmetic.reserved - inputs;
    Vector wLow = register(inputs - 2);
    Vector wHigh = register(inputs - 1);
    for (int i = 0; i < lines; i++) {
      arithmetic.load(a, wLow, wHigh, at(R11, arithmetic.line * i));
      for (int next = 0; next < arithmetic.line; next += 64) {
        a.prefetcht0(at(R11, arithmetic.line * i + next + AHEAD));
      }
      for (int r = 0; r < rows; r++) {
        Vector x = register(inputs + r % spare);
        int place = LINE * i + 4 * (r % ROWS);
        a.vbroadcastss(x, r < ROWS ? at(R10, place) : at(R10, RDX, 1, place));
        arithmetic.add(a, low(r), wLow, x);
        arithmetic.add(a, high(r), wHigh, x);
      }
    }
    a.add(R10, LINE * lines);
    a.add(R11, arithmetic.line * lines);
    a.sub(RAX, lines);
  }

  private Vector low(int row) {
    return register(2 * row);
  }

  private Vector high(int row) {
    return register(2 * row + 1);
  }

  private Vector register(int number) {
    return new Vector(number, bits, 0, false);
  }
}
