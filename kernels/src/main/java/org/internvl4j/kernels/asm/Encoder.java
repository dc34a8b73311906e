package org.internvl4j.kernels.asm;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The bytes of instructions: prefixes, opcode, operands (Intel SDM, volume 2, chapter 2).
class Encoder {
  private static final int REX = 0x40; // which says nothing
  private static final int RIP_RELATIVE = 5; // as r/m, without a base
  private static final int WITH_INDEX = 4; // as r/m: a byte about the index follows

  private byte[] code = new byte[4096];
  private int size;
  private Fixup[] fixups = {};

  /// Four bytes that become the distance from their end to a label.
  private record Fixup(int at, Label label) {}

  /// What a vector instruction is, but for its operands.
  ///
  /// @param prefix 0, 1 (66), 2 (F3) or 3 (F2)
  /// @param map 1 (0F), 2 (0F38) or 3 (0F3A)
  /// @param unit bytes that displacements of one byte count by, in a vector of 64 bytes; negative
  ///   for elements, whose size does not depend on the vector
  record Opcode(int code, int prefix, int map, int w, int unit) {
    /// Reads whole vectors of 4-byte elements, or one element for all lanes.
    static Opcode of(int code, int prefix, int map) {
      return new Opcode(code, prefix, map, 0, 64);
    }

    Opcode wide() {
      return new Opcode(code, prefix, map, 1, unit);
    }

    Opcode unit(int bytes) {
      return new Opcode(code, prefix, map, w, bytes);
    }

    private int unit(Vector v, boolean broadcast) {
      return broadcast ? 4 << w : unit < 0 ? -unit : unit * v.bits() / 512;
    }
  }

  final void put(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }

  final void put32(int value) {
    put(value, value >> 8, value >> 16, value >> 24);
  }

  /// Where the next byte goes.
  final int size() {
    return size;
  }

  /// Four bytes: how far it is from their end to a label.
  final void putDistance(Label label) {
    fixups = Arrays.copyOf(fixups, fixups.length + 1);
    fixups[fixups.length - 1] = new Fixup(size, label);
    put32(0);
  }

  /// The code so far, with all distances.
  ///
  /// @throws IllegalStateException if a label that is used was not bound
  final byte[] bytes() {
    byte[] bytes = Arrays.copyOf(code, size);
    for (Fixup fixup : fixups) {
      int distance = fixup.label.position() - (fixup.at + 4);
      for (int i = 0; i < 4; i++) {
        bytes[fixup.at + i] = (byte) (distance >> (8 * i));
      }
    }
    return bytes;
  }

  // ---- general registers

  /// An instruction whose operands are a register, or an opcode's extension, and a register.
  final void general(int opcode, int reg, Register rm) {
    put(rex(1, reg, 0, rm.number()), opcode, 0xC0 | ((reg & 7) << 3) | (rm.number() & 7));
  }

  /// An instruction whose operands are a register, or an opcode's extension, and memory.
  ///
  /// @param w 1 for all 64 bits of registers, 0 for 32
  final void general(int w, int reg, Address rm, int... opcode) {
    int rex = rex(w, reg, number(rm.index()), number(rm.base()));
    if (rex != REX) {
      put(rex);
    }
    put(opcode);
    memory(reg, rm, 1);
  }

  static int rex(int w, int reg, int index, int base) {
    return REX | (w << 3) | (bit(reg, 3) << 2) | (bit(index, 3) << 1) | bit(base, 3);
  }

  private static int bit(int number, int which) {
    return (number >> which) & 1;
  }

  private static int number(@Nullable Register register) {
    return register == null ? 0 : register.number();
  }

  // ---- vectors

  /// `reg = op(vvvv, rm)`, in AVX's form where that can name them.
  final void vector(Opcode op, int reg, Vector shape, int vvvv, Operand rm) {
    boolean broadcast = rm instanceof Address address && address.isBroadcast();
    boolean extended =
        shape.isExtended()
            || reg > 15
            || vvvv > 15
            || broadcast
            || (rm instanceof Vector v && v.isExtended());
    evexOrVex(op, reg, shape, vvvv, rm, extended);
  }

  /// The same in AVX-512's form.
  final void extended(Opcode op, int reg, Vector shape, int vvvv, Operand rm) {
    evexOrVex(op, reg, shape, vvvv, rm, true);
  }

  private void evexOrVex(Opcode op, int reg, Vector shape, int vvvv, Operand rm, boolean extended) {
    int base =
        switch (rm) {
          case Vector v -> v.number();
          case Address a -> number(a.base());
        };
    int index =
        switch (rm) {
          case Vector v -> v.number() >> 1; // its fifth bit
          case Address a -> number(a.index());
        };
    if (extended) {
      evex(op, reg, shape, vvvv, base, index, rm);
    } else {
      vex(op, reg, shape, vvvv, base, rm instanceof Vector ? 0 : index);
    }
    put(op.code);
    switch (rm) {
      case Vector v -> put(0xC0 | ((reg & 7) << 3) | (v.number() & 7));
      case Address a -> memory(reg, a, extended ? op.unit(shape, a.isBroadcast()) : 1);
    }
  }

  private void vex(Opcode op, int reg, Vector shape, int vvvv, int base, int index) {
    int last = ((~vvvv & 15) << 3) | (shape.bits() == 256 ? 4 : 0) | op.prefix;
    if (op.map == 1 && op.w == 0 && base < 8 && index < 8) {
      put(0xC5, (bit(~reg, 3) << 7) | last);
    } else {
      int first = (bit(~reg, 3) << 7) | (bit(~index, 3) << 6) | (bit(~base, 3) << 5);
      put(0xC4, first | op.map, (op.w << 7) | last);
    }
  }

  private void evex(Opcode op, int reg, Vector shape, int vvvv, int base, int index, Operand rm) {
    int first = (bit(~reg, 3) << 7) | (bit(~index, 3) << 6) | (bit(~base, 3) << 5);
    boolean broadcast = rm instanceof Address a && a.isBroadcast();
    put(
        0x62,
        first | (bit(~reg, 4) << 4) | op.map,
        (op.w << 7) | ((~vvvv & 15) << 3) | 4 | op.prefix,
        (shape.zeroing() ? 0x80 : 0)
            | (Integer.numberOfTrailingZeros(shape.bits() / 128) << 5)
            | (broadcast ? 0x10 : 0)
            | (bit(~vvvv, 4) << 3)
            | shape.mask());
  }

  /// What names memory: ModRM, the byte about the index, the displacement.
  ///
  /// @param unit bytes that a displacement of one byte counts by
  final void memory(int reg, Address a, int unit) {
    int middle = (reg & 7) << 3;
    Label label = a.label();
    Register base = a.base();
    if (label != null || base == null) {
      put(middle | RIP_RELATIVE);
      putDistance(Objects.requireNonNull(label));
      return;
    }
    Register index = a.index();
    int displacement = a.displacement();
    boolean none = displacement == 0 && (base.number() & 7) != RIP_RELATIVE;
    int units = displacement / unit;
    boolean isShort = displacement % unit == 0 && units == (byte) units;
    int mod = none ? 0 : isShort ? 0x40 : 0x80;
    if (index != null || (base.number() & 7) == WITH_INDEX) {
      int scaled = Integer.numberOfTrailingZeros(a.scale()) << 6;
      int which = index == null ? WITH_INDEX : index.number() & 7;
      put(mod | middle | WITH_INDEX, scaled | (which << 3) | (base.number() & 7));
    } else {
      put(mod | middle | (base.number() & 7));
    }
    if (!none && isShort) {
      put(units);
    } else if (!none) {
      put32(displacement);
    }
  }
}
