package org.internvl4j.loader;

import java.nio.file.Path;
import java.util.Map;

/// Whether prepared matrices are kept on disk for the next time, and where.
///
/// @param wanted false to keep and use none
/// @param smallest models with fewer bytes of weights are prepared anew each time: that takes
///   milliseconds
/// @param userFolder where they are kept if the model's folder cannot be written to
public record CachePolicy(boolean wanted, long smallest, Path userFolder) {
  private static final String SMALLEST = "internvl4j.cache.smallest";
  private static final long SMALLEST_DEFAULT = 64L << 20;

  /// Beside models of at least 64 MiB (system property `internvl4j.cache.smallest`, in bytes), else
  /// in `$XDG_CACHE_HOME/internvl4j` or `~/.cache/internvl4j`.
  public static CachePolicy standard() {
    return of(System.getenv());
  }

  /// As [#standard], in another environment than this process's.
  public static CachePolicy of(Map<String, String> environment) {
    return new CachePolicy(
        true,
        Long.getLong(SMALLEST, SMALLEST_DEFAULT),
        userFolder(environment, Path.of(System.getProperty("user.home"))));
  }

  /// Keeps and uses nothing.
  public CachePolicy off() {
    return new CachePolicy(false, smallest, userFolder);
  }

  static Path userFolder(Map<String, String> environment, Path home) {
    String told = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path cache = home.resolve(".cache");
    if (!told.isBlank() && Path.of(told).isAbsolute()) { // the standard wants relative ones ignored
      cache = Path.of(told);
    }
    return cache.resolve("internvl4j");
  }
}
