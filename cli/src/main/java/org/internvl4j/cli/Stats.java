package org.internvl4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.internvl4j.models.Answer;

/// Figures of an answer, for `--stats`.
final class Stats {
  private static final Path STATUS = Path.of("/proc/self/status");

  private Stats() {}

  /// One line about how the model was opened.
  static String opening(String name, String device, Duration time) {
    return "stats: %s on %s, opened in %s".formatted(name, device, seconds(time));
  }

  /// One line about where the time of an answer went.
  static String of(Answer answer) {
    Answer.Usage usage = answer.usage();
    Answer.Timings timings = answer.timings();
    int read = usage.promptTokens() - usage.cachedTokens();
    return "stats: %s, %d encoded in %s · %d prompt tokens, %d cached, %d read in %s%s · %d new tokens%s%s · %s"
        .formatted(
            usage.tiles() == 1 ? "1 tile" : usage.tiles() + " tiles",
            usage.encodedTiles(),
            seconds(timings.vision()),
            usage.promptTokens(),
            usage.cachedTokens(),
            read,
            seconds(timings.prefill()),
            rate(read / (timings.prefill().toNanos() * 1e-9)),
            usage.newTokens(),
            rate(timings.decodeRate(usage.newTokens())),
            drafts(usage),
            memory());
  }

  private static String drafts(Answer.Usage usage) {
    return usage.draftedTokens() == 0
        ? ""
        : ", %d of %d guessed right".formatted(usage.acceptedTokens(), usage.draftedTokens());
  }

  private static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.2f s", time.toNanos() * 1e-9);
  }

  private static String rate(double tokensPerSecond) {
    return Double.isFinite(tokensPerSecond)
        ? String.format(Locale.ROOT, ", %.1f tokens/s", tokensPerSecond)
        : "";
  }

  /// The most memory that this process had so far; of the Java heap alone where the system does not
  /// tell.
  static String memory() {
    if (Files.isReadable(STATUS)) {
      try {
        for (String line : Files.readAllLines(STATUS)) {
          if (line.startsWith("VmHWM:")) {
            long kib = Long.parseLong(line.replaceAll("\\D", ""));
            return "peak memory " + Sizes.bytes(kib << 10);
          }
        }
      } catch (IOException e) {
        return heap();
      }
    }
    return heap();
  }

  private static String heap() {
    Runtime runtime = Runtime.getRuntime();
    return "Java heap " + Sizes.bytes(runtime.totalMemory() - runtime.freeMemory());
  }
}
