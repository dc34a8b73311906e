package org.internvl4j.kernels.emitted;

import java.util.Set;
import org.internvl4j.kernels.asm.Processor.Feature;

/// Machine code of a function for [org.internvl4j.kernels.asm.CodeMemory#call].
interface Program {
  /// What a processor needs to run it.
  default Set<Feature> needs() {
    return Set.of(Feature.AVX512);
  }

  /// As System V's conventions have it: the first six arguments are in `rdi`, `rsi`, `rdx`, `rcx`,
  /// `r8` and `r9`, the others at `[rsp+8]` and `[rsp+16]`.
  byte[] code();
}
