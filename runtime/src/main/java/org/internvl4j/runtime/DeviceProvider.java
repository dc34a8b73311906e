package org.internvl4j.runtime;

import org.jspecify.annotations.Nullable;

/// Says "here I am" for one kind of device, or why not. Found by `ServiceLoader`.
///
/// Implementations keep types of optional modules out of their fields, methods and constructor: the
/// loader reflects on them before any fallback can take effect.
public interface DeviceProvider {
  /// The name that `--device` takes: `cpu`, `reference`, …
  String name();

  /// Where several are available, `auto` takes the highest; negative is never taken by `auto`.
  int preference();

  /// [#preference] for a model of which more is known.
  ///
  /// @param weights bytes of all its weights
  default int preference(long weights) {
    return preference();
  }

  /// Why this kind cannot be used here, in one sentence that says what to do; null if it can.
  @Nullable String unavailable();

  /// How many there are of this kind.
  ///
  /// @throws DeviceException if none is available
  default int count() {
    return 1;
  }

  /// Opens the device; the caller closes it.
  ///
  /// @param threads how many threads may compute; 0 for as many as there are cores
  /// @throws DeviceException if it is not available
  Device open(int threads);

  /// [#open] for one of several: `--device cuda:1`.
  ///
  /// @param index which one, from 0
  /// @throws IllegalArgumentException if there is but one of this kind
  /// @throws DeviceException if it is not available
  default Device open(int threads, int index) {
    if (index != 0) {
      throw new IllegalArgumentException(
          "device: there is one "
              + name()
              + " only, but "
              + name()
              + ":"
              + index
              + " is asked for");
    }
    return open(threads);
  }
}
