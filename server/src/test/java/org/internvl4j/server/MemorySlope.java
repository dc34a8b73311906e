package org.internvl4j.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How fast the memory of this process grows, by the method of least squares over the later half of
/// its samples: by then everything that is made once has been made.
final class MemorySlope {
  /// @param done requests
  /// @param heap bytes in use after a collection
  /// @param resident bytes, of the whole process; 0 where the system does not tell
  private record Sample(int done, long heap, long resident) {}

  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  private final List<Sample> samples = new ArrayList<>();

  /// @param done requests so far
  synchronized void sample(int done) throws IOException {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    samples.add(new Sample(done, runtime.totalMemory() - runtime.freeMemory(), residentBytes()));
  }

  private static long residentBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    Matcher resident = RESIDENT.matcher(Files.readString(status));
    return resident.find() ? 1024 * Long.parseLong(resident.group(1)) : 0;
  }

  /// Bytes of the heap a request.
  double heap() {
    return slope(Sample::heap);
  }

  /// Bytes of the process a request.
  double resident() {
    return slope(Sample::resident);
  }

  private synchronized double slope(ToDoubleFunction<Sample> bytes) {
    List<Sample> later = samples.subList(samples.size() / 2, samples.size());
    double x = later.stream().mapToDouble(Sample::done).average().orElse(0);
    double y = later.stream().mapToDouble(bytes).average().orElse(0);
    double products =
        later.stream().mapToDouble(s -> (s.done - x) * (bytes.applyAsDouble(s) - y)).sum();
    double squares = later.stream().mapToDouble(s -> (s.done - x) * (s.done - x)).sum();
    return products / squares;
  }

  @Override
  public synchronized String toString() {
    Sample last = samples.getLast();
    return String.format(
        Locale.ROOT,
        "heap %,.1f MB, %+.0f bytes a request; process %,.1f MB, %+.0f bytes a request",
        last.heap * 1e-6,
        heap(),
        last.resident * 1e-6,
        resident());
  }
}
