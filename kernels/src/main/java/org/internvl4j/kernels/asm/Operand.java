package org.internvl4j.kernels.asm;

/// What an instruction reads last: a vector register, or memory.
public sealed interface Operand permits Vector, Address {}
