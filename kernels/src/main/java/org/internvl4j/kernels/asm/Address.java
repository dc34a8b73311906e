package org.internvl4j.kernels.asm;

import org.jspecify.annotations.Nullable;

/// Memory: `base + index · scale + displacement`, or a place in the code itself.
///
/// @param base null with `label`
/// @param index null for none; never [Register#RSP]
/// @param scale 1, 2, 4 or 8
/// @param isBroadcast whether its one element is read for all lanes
/// @param label the place in the code, null for none
public record Address(
    @Nullable Register base,
    @Nullable Register index,
    int scale,
    int displacement,
    boolean isBroadcast,
    @Nullable Label label)
    implements Operand {
  /// @throws IllegalArgumentException if no instruction can name it
  public Address {
    if (label != null && displacement != 0) {
      throw new IllegalArgumentException("no address lies behind a label: bind another one there");
    }
    if (index == Register.RSP || Integer.bitCount(scale) != 1 || scale > 8) {
      throw new IllegalArgumentException("no address has index %s * %d".formatted(index, scale));
    }
  }

  public static Address at(Register base) {
    return at(base, 0);
  }

  public static Address at(Register base, int displacement) {
    return new Address(base, null, 1, displacement, false, null);
  }

  public static Address at(Register base, Register index, int scale, int displacement) {
    return new Address(base, index, scale, displacement, false, null);
  }

  /// What lies at a label: a constant.
  public static Address of(Label label) {
    return new Address(null, null, 1, 0, false, label);
  }

  /// The one element there, for all lanes.
  public Address forAll() {
    return new Address(base, index, scale, displacement, true, label);
  }

  /// As far behind it.
  public Address plus(int bytes) {
    return new Address(base, index, scale, displacement + bytes, isBroadcast, label);
  }

  /// As GNU's assembler writes it, but for labels and for how often it is broadcast.
  @Override
  public String toString() {
    String indexed = index == null ? "" : "+" + index + "*" + scale;
    return "[%s%s%+d]".formatted(base, indexed, displacement);
  }
}
