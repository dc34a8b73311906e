package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;

/// Rounded rows of activations, packed: 32 of them as bytes, what the sums of their products with
/// weights without a sign start at, and their scale.
///
/// @param offset what is added to weights to have none below 0: 8 or 128
record PackedRow(int offset) implements Program {
  /// Bytes of a packed block.
  static final int BLOCK = 40;

  /// Where in it the start of sums lies.
  static final int START = 32;

  /// Where in it the scale lies.
  static final int SCALE = 36;

  /// Bytes of a block of a rounded row: 32 ints whose lowest bytes are wanted, −8 times their sum
  /// in both halves of one, the scale.
  static final int ROUNDED = 4 * 34;

  /// The function `pack(blocks, x, y)`, at least one block.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    a.bind(loop);
    a.vmovups(zmm(0), at(RSI));
    a.vmovups(zmm(1), at(RSI, 64));
    a.vpmovdb(at(RDX), zmm(0));
    a.vpmovdb(at(RDX, 16), zmm(1));
    a.movsxd(RAX, at(RSI, 128));
    a.sar(RAX, 16);
    if (offset == 128) {
      a.shl(RAX, 4);
    }
    a.mov32(at(RDX, START), RAX);
    a.movsxd(RAX, at(RSI, 132));
    a.mov32(at(RDX, SCALE), RAX);
    a.add(RSI, ROUNDED);
    a.add(RDX, BLOCK);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }
}
