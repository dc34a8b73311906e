package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceProvider;
import org.jspecify.annotations.Nullable;

/// Offers the CPU with plain loops, which `auto` takes for toys: they have answered before vector
/// code, slower than anything until C2 has compiled it, catches up.
public final class PlainProvider implements DeviceProvider {
  /// Bytes of weights from which on a model is no toy; 0 for never.
  private static final String BELOW = "internvl4j.plain.below";

  private static final long TOY = 16L << 20;
  private static final int FIRST = 1000; // even a GPU takes longer to start

  @Override
  public String name() {
    return "plain";
  }

  @Override
  public int preference() {
    return -10;
  }

  @Override
  public int preference(long weights) {
    boolean isToy = weights < Long.getLong(BELOW, TOY);
    return isToy && !Tier.isAsked() ? FIRST : preference();
  }

  @Override
  public @Nullable String unavailable() {
    return null;
  }

  @Override
  public Device open(int threads) {
    return CpuDevice.plain(CpuProvider.count(threads));
  }
}
