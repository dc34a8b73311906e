package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Device;
import org.internvl4j.testkit.CpuTier;

/// Opens the `cpu` device with vectors of any width in one JVM; see [CpuTier].
final class Widths {
  /// 0 is plain loops.
  static final int[] ALL = {0, 128, 256, 512};

  private Widths() {}

  /// Whether this machine has vectors that wide.
  static boolean available(int bits) {
    return bits <= Lanes.WIDEST;
  }

  static Device open(int bits, int threads) {
    return new CpuTier(bits).openAfresh(threads);
  }
}
