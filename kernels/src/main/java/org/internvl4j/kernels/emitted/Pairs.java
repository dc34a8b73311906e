package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.stream.IntStream;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// Two lines of a panel of bf16 as 32 pairs: what AVX-512 BF16 multiplies. In a panel the numbers
/// of columns `c` and `c + 16` share an int, here those of two lines and one column.
final class Pairs {
  static final int ARGUMENTS = 3;

  private static final Vector LOW = zmm(30); // which halves of two lines the lower columns are
  private static final Vector HIGH = zmm(31);

  private Pairs() {}

  /// Brings what [#load] needs into registers.
  static void prepare(Assembler a) {
    a.vmovups(LOW, a.constant(halves(0)));
    a.vmovups(HIGH, a.constant(halves(1)));
  }

  private static int[] halves(int first) {
    return IntStream.range(0, 16).map(c -> 2 * c + first | 32 + 2 * c + first << 16).toArray();
  }

  /// Pairs of the two lines at `lines`.
  static void load(Assembler a, Vector low, Vector high, Vector spare, Address lines) {
    a.vmovups(low, lines);
    a.vmovups(spare, lines.plus(64));
    a.vmovups(high, low);
    a.vpermt2w(low, LOW, spare);
    a.vpermt2w(high, HIGH, spare);
  }

  /// The function `pairs(count, w, to)`: pairs of so many times two lines.
  static byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    prepare(a);
    a.align();
    a.bind(loop);
    load(a, zmm(0), zmm(1), zmm(2), at(RSI));
    a.vmovups(at(RDX), zmm(0));
    a.vmovups(at(RDX, 64), zmm(1));
    a.add(RSI, 128);
    a.add(RDX, 128);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
