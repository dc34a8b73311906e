package org.internvl4j.runtime.reference;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceProvider;
import org.jspecify.annotations.Nullable;

/// Offers the [ReferenceDevice], by name only: it is far too slow for `auto`.
public final class ReferenceProvider implements DeviceProvider {
  @Override
  public String name() {
    return "reference";
  }

  @Override
  public int preference() {
    return -1;
  }

  @Override
  public @Nullable String unavailable() {
    return null;
  }

  @Override
  public Device open(int threads) {
    return new ReferenceDevice();
  }
}
