package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
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
import org.internvl4j.kernels.asm.Vector;

/// `y[r][c] = init[r][c] + Σ_i x[r][i] · w[i][c]`: a few rows times a panel, their sums in
/// registers, in the order of `i`.
///
/// AVX-512 has registers for twelve rows and two vectors of columns: 24 sums, two vectors of
/// weights and six inputs. AVX2 has them for six; it takes a panel in two passes, each half of its
/// lower columns and half of its upper ones.
///
/// Weights are asked for long before they are read: a few rows take them as fast as memory gives
/// them, where the processor's own prefetching gives 36 to 55 % of that.
///
/// @param arithmetic what is multiplied with what
/// @param bits of a vector
/// @param rows 1 to [#most]
record Tile(Arithmetic arithmetic, int bits, int rows) implements Program {
  /// Rows of a block of inputs.
  static final int BLOCK = 6;

  private static final int LINE = 4 * BLOCK; // of a block, bytes
  private static final int HALF = 64; // bytes of 16 columns
  private static final int UNROLLED = 4; // lines a turn of the loop
  private static final int AHEAD = 12_288; // bytes between what is asked for and what is read
  private static final Address INIT_STRIDE = at(RSP, 8);
  private static final Address Y_STRIDE = at(RSP, 16);

  @Override
  public Set<Feature> needs() {
    return arithmetic.needs(bits);
  }

  /// Rows whose sums are in registers together.
  static int most(int bits) {
    return bits == 512 ? 2 * BLOCK : BLOCK;
  }

  /// The function `tile(k, x, xStride, w, y, init, initStride, yStride)`, all but `k` in bytes: `x`
  /// are blocks `[k][6]`, `xStride` apart, `w` `k` lines of a panel, `y` and `init` rows of 32
  /// floats.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    arithmetic.prepare(a);
    for (int r = 0; r < rows; r++) {
      a.vmovups(low(r), at(R9));
      a.vmovups(high(r), at(R9, HALF));
      a.add(R9, INIT_STRIDE);
    }
    sum(a);
    for (int r = 0; r < rows; r++) {
      a.vmovups(at(R8), low(r));
      a.vmovups(at(R8, HALF), high(r));
      a.add(R8, Y_STRIDE);
    }
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
    a.sub(RDI, UNROLLED);
    a.jump(LESS, rest);
    a.align();
    a.bind(many);
    turn(a, UNROLLED);
    a.jump(GREATER_OR_EQUAL, many);
    a.bind(rest);
    a.add(RDI, UNROLLED - 1);
    a.jump(LESS, done);
    a.bind(few);
    turn(a, 1);
    a.jump(GREATER_OR_EQUAL, few);
    a.bind(done);
  }

  /// Some lines; afterwards the flags say whether as many are left.
  private void turn(Assembler a, int lines) {
    int inputs = 2 * rows + 2; // registers from here on
    int spare = (bits == 512 ? 32 : 16) - arithmetic.reserved - inputs;
    Vector wLow = register(inputs - 2);
    Vector wHigh = register(inputs - 1);
    for (int i = 0; i < lines; i++) {
      arithmetic.load(a, wLow, wHigh, at(RCX, arithmetic.line * i));
      for (int next = 0; next < arithmetic.line; next += 64) {
        a.prefetcht0(at(RCX, arithmetic.line * i + next + AHEAD));
      }
      for (int r = 0; r < rows; r++) {
        Vector x = register(inputs + r % spare);
        int place = LINE * i + 4 * (r % BLOCK);
        a.vbroadcastss(x, r < BLOCK ? at(RSI, place) : at(RSI, RDX, 1, place));
        arithmetic.add(a, low(r), wLow, x);
        arithmetic.add(a, high(r), wHigh, x);
      }
    }
    a.add(RSI, LINE * lines);
    a.add(RCX, arithmetic.line * lines);
    a.sub(RDI, lines);
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
