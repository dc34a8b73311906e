package org.internvl4j.kernels.emitted;

import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Operand;
import org.internvl4j.kernels.asm.Vector;

/// How a line of 32 weights is multiplied with what belongs to it of a row, 4 bytes, and added to
/// 32 sums.
enum Arithmetic {
  /// A float times 32 floats.
  F32(128) {
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
  F32_BF16(64) {
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

  /// Two bf16 numbers times 32 pairs of them: AVX-512 BF16.
  BF16(128) {
    @Override
    void load(Assembler a, Vector low, Vector high, Address line) {
      a.vmovups(low, line);
      a.vmovups(high, line.plus(64));
    }

    @Override
    void add(Assembler a, Vector sum, Vector weights, Operand x) {
      a.vdpbf16ps(sum, weights, x);
    }
  };

  /// Bytes of a line.
  final int line;

  Arithmetic(int line) {
    this.line = line;
  }

  /// Brings a vector of the lower 16 columns and one of the upper 16 into registers.
  abstract void load(Assembler a, Vector low, Vector high, Address line);

  /// `sum += weights · x`.
  abstract void add(Assembler a, Vector sum, Vector weights, Operand x);
}
