package org.internvl4j.kernels.cpu;

import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.DeviceException;
import org.internvl4j.runtime.DeviceProvider;
import org.jspecify.annotations.Nullable;

/// Offers the CPU: with the Vector API where it is enabled, with plain loops where it is not.
public final class CpuProvider implements DeviceProvider {
  private static final int MOST_THREADS = 1024;

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int preference() {
    return 10;
  }

  @Override
  public @Nullable String unavailable() {
    return null;
  }

  @Override
  public Device open(int threads) {
    return CpuDevice.open(count(threads));
  }

  /// How many threads compute.
  ///
  /// @param threads 0 for one a core
  static int count(int threads) {
    if (threads < 0 || threads > MOST_THREADS) {
      throw new DeviceException(
          "cpu: threads is " + threads + ", expected 0 (one a core) to " + MOST_THREADS);
    }
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }
}
