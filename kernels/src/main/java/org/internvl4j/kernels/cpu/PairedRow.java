package org.internvl4j.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.internvl4j.kernels.emitted.Products;

/// A row of activations as bf16 numbers, side by side: what AVX-512 BF16 multiplies two at a time.
final class PairedRow {
  private static final int AT_ONCE = Products.ROUNDED_AT_ONCE;

  private PairedRow() {}

  /// Bytes of `k` numbers, and room for what is left of a vector while it is rounded.
  static long bytes(int k) {
    return 2L * (k + AT_ONCE) + 4L * AT_ONCE;
  }

  /// Rounds a row of activations.
  ///
  /// @param to [#bytes] from `t0`
  static void fill(int k, MemorySegment x, long x0, MemorySegment to, long t0) {
    int whole = k / AT_ONCE * AT_ONCE;
    Products.round(whole, x, x0, to, t0);
    if (whole < k) {
      long rest = t0 + 2L * (whole + AT_ONCE);
      for (int i = 0; i < AT_ONCE; i++) {
        float value = whole + i < k ? x.get(JAVA_FLOAT_UNALIGNED, x0 + 4L * (whole + i)) : 0;
        to.set(JAVA_FLOAT_UNALIGNED, rest + 4L * i, value);
      }
      Products.round(AT_ONCE, to, rest, to, t0 + 2L * whole);
    }
  }
}
