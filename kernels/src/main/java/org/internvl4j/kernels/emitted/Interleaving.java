package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Address.at;
import static org.internvl4j.kernels.asm.Condition.NOT_EQUAL;
import static org.internvl4j.kernels.asm.Register.R8;
import static org.internvl4j.kernels.asm.Register.R9;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Register.RCX;
import static org.internvl4j.kernels.asm.Register.RDI;
import static org.internvl4j.kernels.asm.Register.RDX;
import static org.internvl4j.kernels.asm.Register.RSI;
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.List;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Vector;

/// Rows as tiles read them: of each element the values of six rows, side by side, zero where there
/// is no row.
///
/// Sixteen elements of six rows are six vectors: lane `l` of the `j`-th one is element `i / 6` of
/// row `i mod 6`, `i = 16 j + l`. Of each row the lanes are brought to their places, and those that
/// are its own are kept.
///
/// @param rows 1 to 6
record Interleaving(int rows) implements Program {
  /// Elements of a step.
  static final int STEP = 16;

  private static final int ROWS = Tile.BLOCK;

  /// The function `interleave(steps, y, x, stride)`, at least one step; rows are `stride` bytes
  /// apart.
  @Override
  public byte[] code() {
    Assembler a = new Assembler();
    Label loop = new Label();
    for (int r = 0; r < ROWS; r++) {
      a.mov(RAX, everySixth(r));
      a.kmovw(mask(r), RAX);
    }
    for (int j = 0; j < ROWS; j++) {
      a.vmovups(places(j), a.constant(elements(j)));
    }
    a.mov(R8, RCX);
    a.add(R8, RCX);
    a.add(R8, RCX);
    a.mov(R9, R8);
    a.add(R9, RCX);
    a.add(R9, RCX);
    List<Address> row =
        List.of(
            at(RDX),
            at(RDX, RCX, 1, 0),
            at(RDX, RCX, 2, 0),
            at(RDX, R8, 1, 0),
            at(RDX, RCX, 4, 0),
            at(RDX, R9, 1, 0));
    a.align();
    a.bind(loop);
    for (int r = 0; r < rows; r++) {
      a.vmovups(zmm(r), row.get(r));
    }
    for (int j = 0; j < ROWS; j++) {
      Vector y = zmm(16 + j);
      for (int r = 0; r < rows; r++) {
        int own = mask(Math.floorMod(r - STEP * j, ROWS));
        a.vpermps(r == 0 ? y.zeroed(own) : y.masked(own), places(j), zmm(r));
      }
      a.vmovups(at(RSI, 4 * STEP * j), y);
    }
    a.add(RDX, 4 * STEP);
    a.add(RSI, 4 * STEP * ROWS);
    a.sub(RDI, 1);
    a.jump(NOT_EQUAL, loop);
    a.vzeroupper();
    a.ret();
    return a.finish();
  }

  private static int mask(int r) {
    return 1 + r;
  }

  /// Bits of the lanes `r`, `r + 6` and so on.
  private static int everySixth(int r) {
    int bits = 0;
    for (int lane = r; lane < STEP; lane += ROWS) {
      bits |= 1 << lane;
    }
    return bits;
  }

  private static Vector places(int j) {
    return zmm(24 + j);
  }

  /// Which element each lane of a vector holds.
  private static int[] elements(int j) {
    int[] elements = new int[STEP];
    for (int lane = 0; lane < STEP; lane++) {
      elements[lane] = (STEP * j + lane) / ROWS;
    }
    return elements;
  }
}
