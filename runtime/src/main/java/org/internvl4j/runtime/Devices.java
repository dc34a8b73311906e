package org.internvl4j.runtime;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/// Finds devices.
public final class Devices {
  private static final Logger LOG = System.getLogger(Devices.class.getName());

  private Devices() {}

  /// All kinds of device that were found, best first, available or not.
  public static List<DeviceProvider> providers() {
    return ServiceLoader.load(DeviceProvider.class, Devices.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt((DeviceProvider p) -> p.preference()).reversed())
        .toList();
  }

  /// [#open(String, int, long)] for work of any size.
  public static Device open(String name, int threads) {
    return open(name, threads, Long.MAX_VALUE);
  }

  /// Opens a device by name. What `auto` takes depends on what is available and on the size of the
  /// work, on nothing else.
  ///
  /// @param name `auto` for the best that is available, or a provider's name, with `:1` behind it
  ///   for the second device of that kind
  /// @param threads how many threads may compute; 0 for as many as there are cores
  /// @param weights bytes of all weights of the model
  /// @throws IllegalArgumentException if no kind of device has that name
  /// @throws DeviceException if it is not available here
  public static Device open(String name, int threads, long weights) {
    List<DeviceProvider> providers = providers();
    if (name.equals("auto")) {
      return best(providers, weights).open(threads);
    }
    int colon = name.indexOf(':');
    String kind = colon < 0 ? name : name.substring(0, colon);
    DeviceProvider provider =
        providers.stream()
            .filter(p -> p.name().equals(kind))
            .findFirst()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "device: no device is called '"
                        + name
                        + "'; there are auto, "
                        + providers.stream()
                            .map(DeviceProvider::name)
                            .collect(Collectors.joining(", "))));
    String why = provider.unavailable();
    if (why != null) {
      throw new DeviceException(kind + ": " + why);
    }
    return colon < 0
        ? provider.open(threads)
        : provider.open(threads, index(name, name.substring(colon + 1)));
  }

  /// The first that is available, by preference; of those before it, the log says why they are not.
  private static DeviceProvider best(List<DeviceProvider> providers, long weights) {
    List<DeviceProvider> wanted =
        providers.stream()
            .filter(p -> p.preference(weights) >= 0)
            .sorted(Comparator.comparingInt((DeviceProvider p) -> p.preference(weights)).reversed())
            .toList();
    for (DeviceProvider provider : wanted) {
      String why = provider.unavailable();
      if (why == null) {
        return provider;
      }
      LOG.log(Level.INFO, "device: auto does not take {0}: {1}", provider.name(), why);
    }
    throw new DeviceException(
        "device: none is available; put internvl4j-kernels on the class path or use"
            + " --device reference");
  }

  private static int index(String name, String digits) {
    if (!digits.matches("[0-9]{1,3}")) {
      throw new IllegalArgumentException(
          "device: " + name + " names no device, expected a number behind the colon");
    }
    return Integer.parseInt(digits);
  }
}
