package org.internvl4j.cli;

/// How far something slow is, how fast it goes and how long the rest will take, in words.
final class Pace {
  private static final double WARM = 2; // seconds before a rate means something

  private final long from;
  private final long begun = System.nanoTime();

  /// @param from how much was done before
  Pace(long from) {
    this.from = from;
  }

  /// How many a second, up to now.
  double rate(long done) {
    return (done - from) / Math.max(1e-9, seconds());
  }

  private double seconds() {
    return (System.nanoTime() - begun) * 1e-9;
  }

  /// @param total −1 if it is not known
  String figures(long done, long total) {
    return figures(done, total, from, seconds());
  }

  /// `30/100 3.0/s 23 s left`; the count alone as long as nobody can tell more.
  static String figures(long done, long total, long from, double seconds) {
    String count = total < 0 ? String.valueOf(done) : done + "/" + total;
    if (seconds < WARM || done == from) {
      return count;
    }
    double rate = (done - from) / seconds;
    String pace = rate < 1 ? "%.0f/min".formatted(60 * rate) : "%.1f/s".formatted(rate);
    return total < 0
        ? count + "  " + pace
        : "%s  %s  %s left".formatted(count, pace, time((total - done) / rate));
  }

  private static String time(double seconds) {
    long s = Math.round(seconds);
    return s < 60
        ? s + " s"
        : s < 3600
            ? "%d min %d s".formatted(s / 60, s % 60)
            : "%d h %d min".formatted(s / 3600, s % 3600 / 60);
  }
}
