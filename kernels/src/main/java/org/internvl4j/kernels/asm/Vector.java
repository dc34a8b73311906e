package org.internvl4j.kernels.asm;

/// A vector register, and of its lanes those that an instruction writes.
///
/// @param number 0 to 31; above 15 with AVX-512 alone
/// @param bits 128, 256 or 512
/// @param mask the mask register whose bits say which lanes are written, 1 to 7; 0 for all
/// @param zeroing whether the other lanes become zero, rather than stay
public record Vector(int number, int bits, int mask, boolean zeroing) implements Operand {
  /// @throws IllegalArgumentException if there is no such register
  public Vector {
    boolean wide = bits == 512 || bits == 256 || bits == 128;
    if (!wide || number < 0 || number > 31 || mask < 0 || mask > 7 || (zeroing && mask == 0)) {
      throw new IllegalArgumentException(
          "no vector register %d of %d bits with mask %d".formatted(number, bits, mask));
    }
  }

  /// All lanes of a register of 512 bits.
  public static Vector zmm(int number) {
    return new Vector(number, 512, 0, false);
  }

  /// All lanes of a register of 256 bits.
  public static Vector ymm(int number) {
    return new Vector(number, 256, 0, false);
  }

  /// All lanes of a register of 128 bits.
  public static Vector xmm(int number) {
    return new Vector(number, 128, 0, false);
  }

  /// The lanes that a mask register names; the others stay.
  public Vector masked(int by) {
    return new Vector(number, bits, by, false);
  }

  /// The lanes that a mask register names; the others become zero.
  public Vector zeroed(int by) {
    return new Vector(number, bits, by, true);
  }

  /// Whether only AVX-512 can name it.
  boolean isExtended() {
    return bits == 512 || number > 15 || mask != 0;
  }

  /// As GNU's assembler writes it.
  @Override
  public String toString() {
    String name = (bits == 512 ? "zmm" : bits == 256 ? "ymm" : "xmm") + number;
    return name + (mask == 0 ? "" : "{k" + mask + "}") + (zeroing ? "{z}" : "");
  }
}
