package org.internvl4j.cli;

import java.util.List;
import java.util.stream.Stream;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.runtime.DeviceProvider;
import org.internvl4j.runtime.Devices;
import picocli.CommandLine.Option;

/// What computes.
final class DeviceOptions {
  private static final int MOST_THREADS = 1024; // as the device cpu has it
  private static final String BEST = "auto";

  @Option(
      names = "--device",
      defaultValue = BEST,
      paramLabel = "NAME",
      description = "auto, cpu or reference; 'doctor' lists what this machine has.")
  private String device = BEST;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Threads that compute; 0, the default, for one a core.")
  private int threads;

  /// @throws UsageException if there is no such device, or a negative number of threads
  OpenOptions openOptions() {
    if (threads < 0 || threads > MOST_THREADS) {
      throw new UsageException(
          "--threads is " + threads + ", expected 0 (one a core) to " + MOST_THREADS);
    }
    List<String> names =
        Stream.concat(Stream.of(BEST), Devices.providers().stream().map(DeviceProvider::name))
            .toList();
    if (!names.contains(device)) {
      throw new UsageException(
          "--device is " + device + ", expected one of " + String.join(", ", names));
    }
    return OpenOptions.DEFAULT.withDevice(device).withThreads(threads);
  }
}
