package org.internvl4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.internvl4j.loader.CachePolicy;
import org.internvl4j.loader.WeightFormat;
import org.internvl4j.models.OpenOptions;
import org.internvl4j.runtime.DeviceProvider;
import org.internvl4j.runtime.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// What computes, and what it keeps the weights as.
final class DeviceOptions {
  private static final int MOST_THREADS = 1024; // as the device cpu has it
  private static final String BEST = "auto";
  private static final String STORED = "bf16";
  private static final String KERNELS_PROPERTY = "internvl4j.kernels"; // as the device cpu has it
  private static final List<String> KERNELS = List.of("auto", "emitted", "vector", "scalar");
  private static final String ACTIVATIONS_PROPERTY = "internvl4j.activations";
  private static final List<String> ACTIVATIONS = List.of("f32", "bf16");

  /// The formats by the names that people know them by.
  private static final Map<String, WeightFormat> FORMATS =
      new LinkedHashMap<>(); // in the order in which a message names them

  static {
    FORMATS.put("bf16", WeightFormat.STORED);
    FORMATS.put("q8", WeightFormat.Q8);
    FORMATS.put("q4", WeightFormat.Q4);
  }

  @Option(
      names = "--device",
      defaultValue = BEST,
      paramLabel = "NAME",
      description =
          "auto, cuda (an NVIDIA GPU; cuda:1 is the second, cuda:0,1 spreads the model over two), cpu, plain"
              + " (loops without vectors; auto takes it for toys) or reference; 'doctor' lists what this"
              + " machine has.")
  private String device = BEST;

  @Option(
      names = "--kernels",
      paramLabel = "KIND",
      description =
          "What the device cpu computes with: emitted (machine code that is written at the start, and"
              + " for the rest the Vector API), vector (the Vector API), scalar (plain loops), or auto, the"
              + " default: the first that this machine has.")
  private @Nullable String kernels;

  @Option(
      names = "--activations",
      paramLabel = "FORMAT",
      description =
          "What the machine code of the device cpu multiplies bf16 weights with: f32, the default, or bf16"
              + " (twice as fast and less exact; needs a processor with AVX-512 BF16).")
  private @Nullable String activations;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Threads that compute; 0, the default, for one a core.")
  private int threads;

  @Option(
      names = "--weights",
      defaultValue = STORED,
      paramLabel = "FORMAT",
      description =
          "What the language part is kept as: bf16 (as stored), q8 or q4 (faster, smaller, less exact).")
  private String weights = STORED;

  @Option(
      names = "--no-cache",
      description = "Keep no prepared weights on disk and use none; see 'internvl cache'.")
  private boolean noCache;

  /// Whether the device is left to the size of the model.
  boolean isAuto() {
    return device.equals(BEST);
  }

  /// What the last bits of numbers depend on, by name: as it was asked for.
  Map<String, String> numbers() {
    return Map.of(
        "device",
        device,
        "weights",
        weights.toLowerCase(Locale.ROOT),
        "kernels",
        chosen(kernels, KERNELS, KERNELS_PROPERTY),
        "activations",
        chosen(activations, ACTIVATIONS, ACTIVATIONS_PROPERTY));
  }

  /// What the device is told; the first one unless it is told.
  private static String chosen(@Nullable String value, List<String> values, String property) {
    return value == null ? System.getProperty(property, values.getFirst()) : value;
  }

  /// @param console where the progress of opening is shown
  /// @throws UsageException if there is no such device or kind of kernels, or a negative number of
  ///   threads
  OpenOptions openOptions(Console console) {
    if (threads < 0 || threads > MOST_THREADS) {
      throw new UsageException(
          "--threads is " + threads + ", expected 0 (one a core) to " + MOST_THREADS);
    }
    try {
      Devices.requireName(device);
    } catch (IllegalArgumentException e) {
      List<String> names =
          Stream.concat(Stream.of(BEST), Devices.providers().stream().map(DeviceProvider::name))
              .toList();
      throw new UsageException(
          "--device is "
              + device
              + ", expected one of "
              + String.join(", ", names)
              + "; numbers behind a colon name one or several, each once: cuda:1, cuda:0,1");
    }
    choose("--kernels", kernels, KERNELS, KERNELS_PROPERTY);
    choose("--activations", activations, ACTIVATIONS, ACTIVATIONS_PROPERTY);
    WeightFormat format = FORMATS.get(weights.toLowerCase(Locale.ROOT));
    if (format == null) {
      throw new UsageException(
          "--weights is " + weights + ", expected one of " + String.join(", ", FORMATS.keySet()));
    }
    OpenOptions options =
        OpenOptions.DEFAULT
            .withDevice(device)
            .withThreads(threads)
            .withWeights(format)
            .withCache(CachePolicy.of(console.environment()))
            .withLoading(new LoadProgress(console));
    return noCache ? options.withoutCache() : options;
  }

  /// Tells the device cpu, which asks for it once in a process. No other device asks.
  private void choose(String option, @Nullable String value, List<String> values, String property) {
    if (value == null) {
      return;
    }
    if (!values.contains(value)) {
      throw new UsageException(
          option + " is " + value + ", expected one of " + String.join(", ", values));
    }
    boolean mayBeCpu = device.equals(BEST) || device.startsWith("cpu");
    if (!mayBeCpu && !value.equals(values.getFirst())) {
      throw new UsageException(
          "%s %s is for the device cpu, and --device is %s; leave one of them out"
              .formatted(option, value, device));
    }
    System.setProperty(property, value);
  }
}
