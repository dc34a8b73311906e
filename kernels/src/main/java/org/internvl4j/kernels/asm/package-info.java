/// Machine code for x86-64, written and run by Java: an assembler, memory that can be executed, and
/// what the processor can do. Knows nothing of tensors.
package org.internvl4j.kernels.asm;
