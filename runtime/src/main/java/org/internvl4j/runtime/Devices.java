package org.internvl4j.runtime;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
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

  /// Opens a device by name, as [#openAll].
  ///
  /// @throws IllegalArgumentException also if `name` names several
  public static Device open(String name, int threads, long weights) {
    if (name.indexOf(',') >= 0) {
      throw new IllegalArgumentException("device: " + name + " names several, expected one");
    }
    return openAll(name, threads, weights).getFirst();
  }

  /// Opens the devices that a name stands for. What `auto` takes depends on what is available and
  /// on the size of the work, on nothing else.
  ///
  /// @param name `auto` for the best that is available, or a provider's name, with `:1` behind it
  ///   for the second device of that kind, `:0,1` for the first two
  /// @param threads how many threads may compute; 0 for as many as there are cores
  /// @param weights bytes of all weights of the model
  /// @return at least one, in the order of the name; the caller closes them
  /// @throws IllegalArgumentException if no kind of device has that name, or it names one twice
  /// @throws DeviceException if one is not available here
  public static List<Device> openAll(String name, int threads, long weights) {
    List<DeviceProvider> providers = providers();
    if (name.equals("auto")) {
      return List.of(best(providers, threads, weights));
    }
    DeviceProvider provider = provider(providers, name);
    String why = provider.unavailable();
    if (why != null) {
      throw new DeviceException(provider.name() + ": " + why);
    }
    return name.equals(provider.name())
        ? List.of(provider.open(threads))
        : openAll(provider, threads, indices(name));
  }

  /// Checks what [#openAll] is to be given, without opening anything.
  ///
  /// @throws IllegalArgumentException if no kind of device has that name, or it names one twice
  public static void requireName(String name) {
    if (!name.equals("auto") && !provider(providers(), name).name().equals(name)) {
      indices(name);
    }
  }

  /// Of the kind that comes before the colon.
  private static DeviceProvider provider(List<DeviceProvider> providers, String name) {
    String kind = name.replaceFirst(":.*", "");
    return providers.stream()
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
  }

  private static List<Device> openAll(DeviceProvider provider, int threads, List<Integer> indices) {
    List<Device> opened = new ArrayList<>();
    try {
      for (int index : indices) {
        opened.add(provider.open(threads, index));
      }
      return List.copyOf(opened);
    } catch (Throwable e) {
      opened.forEach(Device::close);
      throw e;
    }
  }

  /// The first that is available, by preference; of those before it, the log says why they are not.
  private static Device best(List<DeviceProvider> providers, int threads, long weights) {
    List<DeviceProvider> wanted =
        providers.stream()
            .filter(p -> p.preference(weights) >= 0)
            .sorted(Comparator.comparingInt((DeviceProvider p) -> p.preference(weights)).reversed())
            .toList();
    DeviceException refused = null;
    for (DeviceProvider provider : wanted) {
      String why = provider.unavailable();
      if (why != null) {
        LOG.log(Level.INFO, "device: auto does not take {0}: {1}", provider.name(), why);
        continue;
      }
      try {
        return provider.open(threads);
      } catch (DeviceException e) {
        refused = e;
        if (!provider.equals(wanted.getLast())) {
          LOG.log(
              Level.WARNING,
              "device: auto does not take {0}, which is there but does not open: {1}",
              provider.name(),
              e.getMessage());
        }
      }
    }
    if (refused != null) {
      throw refused;
    }
    throw new DeviceException(
        "device: none is available; put internvl4j-kernels on the class path or use"
            + " --device reference");
  }

  /// The numbers of `cuda:0,1`.
  private static List<Integer> indices(String name) {
    List<Integer> indices = new ArrayList<>();
    for (String digits : name.substring(name.indexOf(':') + 1).split(",", -1)) {
      if (!digits.matches("[0-9]{1,3}")) {
        throw new IllegalArgumentException(
            "device: " + name + " names no device, expected a number behind the colon, or several");
      }
      int index = Integer.parseInt(digits);
      if (indices.contains(index)) {
        throw new IllegalArgumentException("device: " + name + " names device " + index + " twice");
      }
      indices.add(index);
    }
    return indices;
  }
}
