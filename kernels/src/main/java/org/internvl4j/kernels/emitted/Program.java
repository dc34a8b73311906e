package org.internvl4j.kernels.emitted;

/// Machine code of a function for [org.internvl4j.kernels.asm.CodeMemory#call].
@FunctionalInterface
interface Program {
  /// As System V's conventions have it: the first six arguments are in `rdi`, `rsi`, `rdx`, `rcx`,
  /// `r8` and `r9`, the others at `[rsp+8]` and `[rsp+16]`.
  byte[] code();
}
