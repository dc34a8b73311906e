package org.internvl4j.bench.gpu;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.internvl4j.loader.SafeTensors;
import org.internvl4j.loader.SafeTensorsWriter;
import org.internvl4j.loader.json.Json;
import org.internvl4j.loader.json.JsonWriter;
import org.internvl4j.runtime.Device;
import org.internvl4j.runtime.Devices;
import org.internvl4j.runtime.Tensor;
import org.internvl4j.runtime.Workspace;

/// Runs kernels on the cases of a safetensors file, whose metadata `cases` lists them.
///
///     KernelRuns check CASES.safetensors RESULTS.safetensors     what they write
///     KernelRuns time CASES.safetensors TIMES.json               seconds a call
///     KernelRuns describe DESCRIPTION                            which device
final class KernelRuns {
  /// Calls of a recorded step: the time between two of them is then that of the GPU.
  private static final int CALLS = 20;

  /// Operands are changed from call to call until they fill several times the second-level cache.
  private static final long OUT_OF_CACHE = 256L << 20;

  private static final int SAMPLES = 30;
  private static final double SAMPLE_SECONDS = 0.002; // so that a clock on the host is exact enough
  private static final double CASE_SECONDS = 0.3; // fewer samples of what is slower

  private final SafeTensors file;
  private final Device host;
  private final Device device;

  private KernelRuns(SafeTensors file, Device host, Device device) {
    this.file = file;
    this.host = host;
    this.device = device;
  }

  /// @param args `check` or `time`, the cases, where the results go
  public static void main(String... args) throws IOException {
    if (args[0].equals("describe")) {
      try (Device device = Devices.open("cuda", 0)) {
        Files.writeString(Path.of(args[1]), device.description());
      }
      return;
    }
    try (SafeTensors file = SafeTensors.open(Path.of(args[1]));
        Device host = Operands.hostDevice();
        Device device = Devices.open("cuda", 0)) {
      KernelRuns runs = new KernelRuns(file, host, device);
      List<KernelCase> cases = new ArrayList<>();
      byte[] list = file.metadata().getOrDefault("cases", "[]").getBytes(StandardCharsets.UTF_8);
      for (Json json : Json.parse(list, "cases").items()) {
        cases.add(KernelCase.of(json));
      }
      Path results = Path.of(args[2]);
      switch (args[0]) {
        case "check" -> runs.check(cases, results);
        case "time" -> runs.time(cases, results);
        default -> throw new IllegalArgumentException("gpu kit: check or time, not " + args[0]);
      }
    }
  }

  private void check(List<KernelCase> cases, Path results) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter();
    for (KernelCase c : cases) {
      try (Workspace w = new Workspace(device, c.name())) {
        KernelCase.Call call = c.on(operands(c, w));
        call.run().run();
        Tensor y = call.y();
        MemorySegment bytes = y.toHost();
        writer.add(c.name() + "/y", y.dtype(), y.shape(), () -> bytes);
      } catch (RuntimeException e) {
        writer.metadata(c.name(), e.toString()); // the others may be right
      }
    }
    writer.write(results);
  }

  private void time(List<KernelCase> cases, Path results) throws IOException {
    JsonWriter json = new JsonWriter().object();
    for (KernelCase c : cases) {
      try (Workspace w = new Workspace(device, c.name())) {
        json.field(c.name(), seconds(c, w));
      } catch (RuntimeException e) {
        json.field(c.name(), e.toString());
      }
    }
    Files.writeString(results, json.end().toString());
  }

  private double seconds(KernelCase c, Workspace w) {
    long bytes = operands(c, w).byteSize();
    int sets = Math.clamp(1 + OUT_OF_CACHE / Math.max(1, bytes), 1, CALLS);
    List<Runnable> calls = new ArrayList<>();
    for (int i = 0; i < sets; i++) {
      calls.add(c.on(operands(c, w)).run());
    }
    calls.forEach(Runnable::run); // what is made at first use exists when the step is recorded
    device.synchronize();
    Runnable step =
        device.record(() -> {
          for (int i = 0; i < CALLS; i++) {
            calls.get(i % sets).run();
          }
        });
    double once = seconds(step, 1);
    int times = Math.clamp((long) (SAMPLE_SECONDS / once), 1, 1000);
    double[] samples = new double[Math.clamp((long) (CASE_SECONDS / (times * once)), 1, SAMPLES)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = seconds(step, times);
    }
    Arrays.sort(samples);
    return samples[samples.length / 2] / CALLS;
  }

  private double seconds(Runnable step, int times) {
    device.synchronize();
    long start = System.nanoTime();
    for (int i = 0; i < times; i++) {
      step.run();
    }
    device.synchronize();
    return (System.nanoTime() - start) * 1e-9 / times;
  }

  private Operands operands(KernelCase c, Workspace w) {
    return new Operands(file, c.name(), host, w);
  }
}
