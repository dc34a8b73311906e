package org.internvl4j.kernels.emitted;

import static org.internvl4j.kernels.asm.Vector.zmm;

import org.internvl4j.kernels.asm.Address;
import org.internvl4j.kernels.asm.Assembler;
import org.internvl4j.kernels.asm.Vector;

/// What [Stretch] computes of each element, in the first register: of that register, and of the
/// second one where there are two inputs. With AVX-512; step by step what the Vector API's kernels
/// compute.
public enum Formula {
  /// `a + b`.
  ADD(true) {
    @Override
    void write(Assembler a) {
      a.vaddps(X, X, B);
    }
  },

  /// `a · b`.
  MUL(true) {
    @Override
    void write(Assembler a) {
      a.vmulps(X, X, B);
    }
  },

  /// `a / (1 + e⁻ᵃ)`.
  SILU(false) {
    @Override
    void write(Assembler a) {
      a.vxorps(zmm(5), X, all(a, Float.floatToRawIntBits(-0f)));
      exp(a, zmm(5));
      a.vaddps(EXP, EXP, ONE);
      a.vdivps(X, X, EXP);
    }
  },

  /// `silu(a) · b`.
  SWI_GLU(true) {
    @Override
    void write(Assembler a) {
      SILU.write(a);
      a.vmulps(X, X, B);
    }
  },

  /// `max(a, 0) − |a| · h(|a|)`, `h` half the complementary error function, as a polynomial in `t =
  /// 1/(1 + 0.21 |a|)` times `exp(−a²/2)`.
  GELU(false) {
    @Override
    void write(Assembler a) {
      Vector magnitude = zmm(5);
      Vector t = zmm(6);
      Vector p = zmm(7);
      Vector square = zmm(8);
      a.vandps(magnitude, X, all(a, 0x7fffffff));
      a.vmovups(t, ONE);
      a.vfmadd231ps(t, magnitude, all(a, 0.21f));
      a.vdivps(t, ONE, t);
      a.vbroadcastss(p, a.floatConstant(0.283586f));
      a.vfmadd231ps(p, t, all(a, -0.07165578f));
      for (float next : ERROR_FUNCTION) {
        a.vfmadd213ps(p, t, all(a, next));
      }
      a.vmulps(p, p, t);
      a.vmulps(square, magnitude, magnitude);
      a.vmulps(square, square, all(a, -0.5f));
      exp(a, square);
      a.vmulps(EXP, EXP, p);
      a.vxorps(magnitude, magnitude, all(a, Float.floatToRawIntBits(-0f)));
      a.vmaxps(X, X, ZERO);
      a.vfmadd231ps(X, magnitude, EXP);
    }
  };

  static final Vector X = zmm(0);
  static final Vector B = zmm(1);
  static final Vector EXP = zmm(2);
  static final Vector ZERO = zmm(27);
  private static final Vector ONE = zmm(28);
  private static final Vector ROUND = zmm(29); // 1.5 · 2²³: adding it rounds to an integer
  private static final Vector HIGHEST = zmm(30);
  private static final Vector LOWEST = zmm(31);

  private static final float[] ERROR_FUNCTION = {
    -0.33024803f, 0.34939477f, -0.09392077f, 0.12487076f, 0.06919270f, 0.08506878f, 0.08371158f
  };

  /// Whether it has two inputs.
  final boolean isBinary;

  Formula(boolean isBinary) {
    this.isBinary = isBinary;
  }

  /// Brings what [#write] needs into registers.
  void prepare(Assembler a) {
    if (this != ADD && this != MUL) {
      prepareExp(a);
    }
  }

  /// Brings what [#exp] needs into registers, from the 27th one on.
  static void prepareExp(Assembler a) {
    a.vxorps(ZERO, ZERO, ZERO);
    a.vbroadcastss(ONE, a.floatConstant(1f));
    a.vbroadcastss(ROUND, a.floatConstant(12582912f));
    a.vbroadcastss(HIGHEST, a.floatConstant(87.3f));
    a.vbroadcastss(LOWEST, a.floatConstant(-87.3f));
  }

  /// Computes a vector.
  abstract void write(Assembler a);

  private static Address all(Assembler a, float value) {
    return a.floatConstant(value).forAll();
  }

  private static Address all(Assembler a, int bits) {
    return a.constant(bits).forAll();
  }

  /// `eˣ` to [#EXP], with a relative error below 2e-7, `x` clamped to ±87.3 first: a power of two,
  /// and a minimax polynomial of what is left. Changes `zmm3` and `zmm4`.
  static void exp(Assembler a, Vector x) {
    Vector shifted = zmm(3);
    Vector p = zmm(4);
    Vector r = EXP;
    a.vmaxps(r, LOWEST, x); // the second one if either is no number
    a.vminps(r, HIGHEST, r);
    a.vmovups(shifted, ROUND);
    a.vfmadd231ps(shifted, r, all(a, 1.442695f)); // log₂ e
    a.vsubps(p, shifted, ROUND);
    a.vfmadd231ps(r, p, all(a, -0x1.63p-1f)); // ln 2, its first bits and the others
    a.vfmadd231ps(r, p, all(a, 2.1219444e-4f));
    a.vbroadcastss(p, a.floatConstant(0.008368781f));
    a.vfmadd231ps(p, r, all(a, 0.0013814467f));
    a.vfmadd213ps(p, r, all(a, 0.041668393f));
    a.vfmadd213ps(p, r, all(a, 0.1666652f));
    a.vfmadd213ps(p, r, all(a, 0.49999994f));
    a.vmulps(p, p, r);
    a.vfmadd213ps(p, r, r);
    a.vaddps(p, p, ONE);
    a.vpslld(shifted, shifted, 23);
    a.vpaddd(shifted, shifted, ONE); // its exponent
    a.vmulps(EXP, p, shifted);
  }
}
