package org.internvl4j.kernels.asm;

import java.util.Locale;

/// A general register, all 64 bits of it.
public enum Register {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15;

  /// Arguments of a function, the first six, as System V hands them over.
  static final Register[] ARGUMENTS = {RDI, RSI, RDX, RCX, R8, R9};

  int number() {
    return ordinal();
  }

  /// As GNU's assembler writes it.
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
