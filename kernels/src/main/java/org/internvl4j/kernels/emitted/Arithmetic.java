package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Vector.zmm;

import java.util.Set;
import java.util.stream.IntStream;
import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Operand;
import org.internvl4j.kernels.asm.Processor.Feature;
import org.internvl4j.kernels.asm.Vector;

/// How a line of a panel, 32 weights or 32 pairs of them, is multiplied with what belongs to it of
/// a row, 4 bytes, and added to 32 sums.
public enum Arithmetic {
  /// A float times 32 floats.
  F32(128, 0) {
    @Override
    void load(Assembler a, Vector low, Vector high, Address line) {
      a.vmovups(low, line);
      a.vmovups(high, line.plus(64));
    }

    @Override
    void add(Assembler a, Vector sum, Vector weights, Operand x) {
      a.vfmadd231ps(sum, weights, x);
    }
  },

  /// A float times 32 bf16 numbers, those of the lower columns in the lower halves of 16 ints.
  F32_BF16(64, 0) {
    @Override
    void load(Assembler a, Vector low, Vector high, Address line) {
      a.vmovups(high, line);
      a.vpslld(low, high, 16);
      a.vpsrld(high, high, 16);
      a.vpslld(high, high, 16);
    }

    @Override
    void add(Assembler a, Vector sum, Vector weights, Operand x) {
      a.vfmadd231ps(sum, weights, x);
    }
  },

  /// Two bf16 numbers times two such lines, with AVX-512 BF16: the second product is added first.
  BF16(128, 3) {
    @Override
    void prepare(Assembler a) {
      a.vmovups(LOWER, a.constant(halves(0)));
      a.vmovups(UPPER, a.constant(halves(1)));
    }

    @Override
    void load(Assembler a, Vector low, Vector high, Address line) {
      a.vmovups(low, line);
      a.vmovups(SECOND, line.plus(64));
      a.vmovups(high, low);
      a.vpermt2w(low, LOWER, SECOND);
      a.vpermt2w(high, UPPER, SECOND);
    }

    @Override
    void add(Assembler a, Vector sum, Vector weights, Operand x) {
      a.vdpbf16ps(sum, weights, x);
    }
  };

  private static final Vector SECOND = zmm(29);
  private static final Vector LOWER = zmm(30);
  private static final Vector UPPER = zmm(31);

  /// Bytes of a line.
  final int line;

  /// How many registers, the last ones, it keeps for itself.
  final int reserved;

  Arithmetic(int line, int reserved) {
    this.line = line;
    this.reserved = reserved;
  }

  /// What a processor needs to multiply so.
  ///
  /// @param bits of a vector: 256 or 512
  Set<Feature> needs(int bits) {
    if (bits < 512) {
      return Set.of(Feature.AVX2, Feature.FMA);
    }
    return this == BF16 ? Set.of(Feature.AVX512, Feature.AVX512_BF16) : Set.of(Feature.AVX512);
  }

  /// Of the ints of two lines, the halves that belong to one column, for [Assembler#vpermt2w].
  ///
  /// @param first 0 for lower halves, 1 for upper ones
  static int[] halves(int first) {
    return IntStream.range(0, 16)
        .map(c -> (2 * c + first) | ((32 + 2 * c + first) << 16))
        .toArray();
  }

  /// Brings what [#load] needs into registers.
  void prepare(Assembler a) {}

  /// Brings a vector of the lower 16 columns and one of the upper 16 into registers.
  abstract void load(Assembler a, Vector low, Vector high, Address line);

  /// `sum += weights · x`.
  abstract void add(Assembler a, Vector sum, Vector weights, Operand x);
}
