package org.internvl4j.kernels.asm;

import java.util.Locale;

/// A general register, all 64 bits of it.
public enum Register {
  RAX(0),
  RCX(1),
  RDX(2),
  RBX(3),
  RSP(4),
  RBP(5),
  RSI(6),
  RDI(7),
  R8(8),
  R9(9),
  R10(10),
  R11(11),
  R12(12),
  R13(13),
  R14(14),
  R15(15);

  private final int number;

  Register(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  /// As GNU's assembler writes it.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
