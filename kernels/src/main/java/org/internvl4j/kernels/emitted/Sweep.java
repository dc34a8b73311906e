package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Condition.EQUAL;
import static org.internvl4j.kernels.asm.Condition.GREATER_OR_EQUAL;
import static org.internvl4j.kernels.asm.Condition.LESS;
import static org.internvl4j.kernels.asm.Register.R10;
import static org.internvl4j.kernels.asm.Register.R11;
import static org.internvl4j.kernels.asm.Register.RAX;
import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Label;
import org.internvl4j.kernels.asm.Register;
import org.internvl4j.kernels.asm.Vector;

/// A vector of a loop over elements that lie side by side. With AVX-512, whose masks take what is
/// left of one at the end.
///
/// @param which number of the vector in its turn
/// @param isPart whether it is what is left
record Sweep(int which, boolean isPart) {
  /// Elements of a vector.
  static final int LANES = 16;

  private static final Register AT = RAX; // elements from the begin
  private static final Register LEFT = R11;
  private static final Register BITS = R10;
  private static final int REST = 1; // a mask register

  /// The vector's place in a row.
  Address of(Register row) {
    return Address.at(row, AT, 4, 4 * LANES * which);
  }

  /// Its place in a row of 16-bit elements.
  Address ofHalves(Register row) {
    return Address.at(row, AT, 2, 2 * LANES * which);
  }

  /// The elements that there are; the other lanes become zero.
  Vector zeroed(Vector v) {
    return isPart ? v.zeroed(REST) : v;
  }

  /// The elements that there are; the other lanes stay.
  Vector masked(Vector v) {
    return isPart ? v.masked(REST) : v;
  }

  /// Writes a loop over `n` elements, which changes `rax`, `r10`, `r11` and `k1`.
  ///
  /// @param together vectors of a turn; at the end they come one at a time, as the first one
  /// @param body writes what is done with a vector
  static void over(Assembler a, Register n, int together, Consumer<Sweep> body) {
    turns(a, n, together, turn -> turn.forEach(body));
  }

  /// The same, for what is done with all vectors of a turn at once.
  static void turns(Assembler a, Register n, int together, Consumer<List<Sweep>> body) {
    Label done = new Label();
    a.mov(AT, 0);
    a.mov(LEFT, n);
    if (together > 1) {
      loop(a, together, body);
    }
    loop(a, 1, body);
    a.jump(EQUAL, done);
    a.mov(BITS, -1);
    a.bzhi(BITS, BITS, LEFT);
    a.kmovw(REST, BITS);
    body.accept(List.of(new Sweep(0, true)));
    a.bind(done);
  }

  /// Turns as long as there are so many vectors; at their end the condition says whether something
  /// is left.
  private static void loop(Assembler a, int together, Consumer<List<Sweep>> body) {
    Label loop = new Label();
    Label end = new Label();
    a.sub(LEFT, LANES * together);
    a.jump(LESS, end);
    a.align();
    a.bind(loop);
    body.accept(IntStream.range(0, together).mapToObj(i -> new Sweep(i, false)).toList());
    a.add(AT, LANES * together);
    a.sub(LEFT, LANES * together);
    a.jump(GREATER_OR_EQUAL, loop);
    a.bind(end);
    a.add(LEFT, LANES * together);
  }

  /// The sum of all lanes in each of them: those eight apart first, then four, two and one.
  ///
  /// @param sum of the lanes, then of all
  /// @param other is changed
  static void addUp(Assembler a, Vector sum, Vector other) {
    across(a, sum, other, () -> a.vaddps(sum, sum, other));
  }

  /// The sum of all lanes of the first four registers in each lane of the first one; the second one
  /// and the third one change.
  static void addUpFour(Assembler a) {
    a.vaddps(zmm(0), zmm(0), zmm(1));
    a.vaddps(zmm(2), zmm(2), zmm(3));
    a.vaddps(zmm(0), zmm(0), zmm(2));
    addUp(a, zmm(0), zmm(1));
  }

  /// What a combination of all lanes comes to, in each of them; see [#addUp].
  ///
  /// @param combine writes how a register is combined with the other one
  static void across(Assembler a, Vector all, Vector other, Runnable combine) {
    a.vshuff32x4(other, all, all, 0b01_00_11_10);
    combine.run();
    a.vshuff32x4(other, all, all, 0b10_11_00_01);
    combine.run();
    a.vpermilps(other, all, 0b01_00_11_10);
    combine.run();
    a.vpermilps(other, all, 0b10_11_00_01);
    combine.run();
  }

  /// Zero in as many registers, from the first one on.
  static void clear(Assembler a, int registers) {
    for (int i = 0; i < registers; i++) {
      a.vxorps(zmm(i), zmm(i), zmm(i));
    }
  }
}
