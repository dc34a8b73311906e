package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.IntStream;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.kernels.asm.Vector;

/// Blocks of a panel: a scale of each of 32 columns, and their weights for 32 inputs, four to an
/// instruction of AVX-512 VNNI. Weights of 4 bits are taken apart with AVX-512 VBMI.
///
/// @param bits of a weight: 8 or 4
record BlockWeights(int bits) {
  /// What a processor needs to multiply them.
  static final Set<Feature> NEEDS =
      Set.of(Feature.AVX512, Feature.AVX512_VNNI, Feature.AVX512_VBMI);

  /// Instructions' worth of a block.
  static final int FOURS = 8;

  private static final int SCALES = 64; // bytes at the start of a block
  private static final Vector FIRST = zmm(29); // which bits the lower columns are, or which halves
  private static final Vector SECOND = zmm(30); // and which the upper ones
  private static final Vector MASK = zmm(31);

  /// Bytes of a block.
  int block() {
    return SCALES + 32 * 32 * bits / 8;
  }

  /// What is added to a weight to have none below 0.
  int offset() {
    return bits == 8 ? 128 : 8;
  }

  /// Where in a block four weights of each column are.
  int line(int four) {
    return SCALES + 16 * bits * four;
  }

  /// Brings what [#load] needs into the last three registers.
  void prepare(Assembler a) {
    int[] mask = new int[16];
    Arrays.fill(mask, bits == 8 ? 0x80808080 : 0x0f0f0f0f);
    a.vmovups(MASK, a.constant(mask));
    a.vmovups(FIRST, a.constant(bits == 8 ? Arithmetic.halves(0) : nibbles(0)));
    a.vmovups(SECOND, a.constant(bits == 8 ? Arithmetic.halves(1) : nibbles(16)));
  }

  /// Of each two ints, where the four nibbles of a half of each begin.
  private static int[] nibbles(int first) {
    int even = first | ((first + 4) << 8) | ((first + 8) << 16) | ((first + 12) << 24);
    return IntStream.range(0, 16).map(i -> even + (i % 2) * 0x20202020).toArray();
  }

  /// Four weights of each column, as bytes without a sign.
  void load(Assembler a, Vector low, Vector high, Vector spare, Address line) {
    if (bits == 4) {
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
}
