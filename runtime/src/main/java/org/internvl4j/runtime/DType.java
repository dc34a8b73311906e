package org.internvl4j.runtime;

/// How one element of a tensor is stored. Arithmetic is always f32 or wider.
public enum DType {
  /// IEEE 754 single precision.
  F32(4, true),
  /// The upper half of an f32: 8 exponent bits, 7 mantissa bits.
  BF16(2, true),
  /// IEEE 754 half precision.
  F16(2, true),
  /// Signed bytes.
  I8(1, false),
  /// Unsigned bytes.
  U8(1, false),
  /// Signed 32-bit integers.
  I32(4, false),
  /// Signed 64-bit integers.
  I64(8, false),
  /// Blocks of 32 weights, 8 bits each and one scale; see [Blocks]. Only ever packed.
  Q8(0, true),
  /// Blocks of 32 weights, 4 bits each and one scale; see [Blocks]. Only ever packed.
  Q4(0, true);

  private final int bytes;
  private final boolean floating;

  DType(int bytes, boolean floating) {
    this.bytes = bytes;
    this.floating = floating;
  }

  /// Bytes of one element.
  ///
  /// @throws UnsupportedOperationException for blocks, whose elements have no bytes of their own
  public int bytes() {
    if (bytes == 0) {
      throw new UnsupportedOperationException(this + ": is stored in blocks, not by element");
    }
    return bytes;
  }

  /// Whether elements share a scale with their neighbours.
  public boolean isBlocks() {
    return bytes == 0;
  }

  /// Whether the elements are numbers with fractions.
  public boolean isFloating() {
    return floating;
  }

  /// The name in messages and on the command line: `f32`, `bf16`, …
  @Override
  public String toString() {
    return switch (this) {
      case F32 -> "f32";
      case BF16 -> "bf16";
      case F16 -> "f16";
      case I8 -> "i8";
      case U8 -> "u8";
      case I32 -> "i32";
      case I64 -> "i64";
      case Q8 -> "q8";
      case Q4 -> "q4";
    };
  }
}
