/// Kernels as machine code: what the JIT does not make, or makes too late.
package org.internvl4j.kernels.emitted;
