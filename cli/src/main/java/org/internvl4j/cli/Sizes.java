package org.internvl4j.cli;

import java.time.Duration;
import java.util.Locale;

/// Numbers for people.
final class Sizes {
  private Sizes() {}

  /// `10.1 MiB`
  static String bytes(long bytes) {
    return bytes < 1024 ? bytes + " B" : scaled((double) bytes, 1024, "KiB", "MiB", "GiB", "TiB");
  }

  /// `5.3 million`
  static String count(long count) {
    return count < 1_000_000
        ? String.format(Locale.ROOT, "%,d", count)
        : scaled(count / 1000.0, 1000, "thousand", "million", "billion", "trillion");
  }

  /// `40 s`, `5 min`, `3 h`, `12 days`
  static String age(Duration age) {
    return age.toMinutes() < 1
        ? Math.max(0, age.toSeconds()) + " s"
        : age.toHours() < 1
            ? age.toMinutes() + " min"
            : age.toDays() < 2 ? age.toHours() + " h" : age.toDays() + " days";
  }

  private static String scaled(double value, int step, String... units) {
    double scaled = units[0].equals("KiB") ? value / step : value;
    int unit = 0;
    while (scaled >= step && unit < units.length - 1) {
      scaled /= step;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", scaled, units[unit]);
  }
}
