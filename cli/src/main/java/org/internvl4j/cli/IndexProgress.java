package org.internvl4j.cli;

import org.internvl4j.search.IndexListener;

/// Shows how far an index is: pictures a second, and the time that is left at that rate.
final class IndexProgress implements IndexListener {
  private static final double WARM = 2; // seconds before a rate means something

  private final Console console;
  private final Progress progress;
  private final long begun = System.nanoTime();

  IndexProgress(Console console) {
    this.console = console;
    this.progress = new Progress(console);
  }

  @Override
  public void done(int done, int total) {
    progress.show("indexing", done, total, figures(done, total, (System.nanoTime() - begun) / 1e9));
  }

  /// Shows how much of something slow is done.
  void part(String what, double part) {
    progress.show(what, (long) (1000 * part), 1000, "%.0f %%".formatted(100 * part));
  }

  static String figures(int done, int total, double seconds) {
    String count = done + "/" + total;
    if (seconds < WARM || done == 0) {
      return count;
    }
    double rate = done / seconds;
    return "%s  %s  %s left".formatted(count, rate(rate), time((total - done) / rate));
  }

  private static String rate(double perSecond) {
    return perSecond < 1 ? "%.0f/min".formatted(60 * perSecond) : "%.1f/s".formatted(perSecond);
  }

  private static String time(double seconds) {
    long s = Math.round(seconds);
    return s < 60
        ? s + " s"
        : s < 3600
            ? "%d min %d s".formatted(s / 60, s % 60)
            : "%d h %d min".formatted(s / 3600, s % 3600 / 60);
  }

  @Override
  public void unreadable(String path, String why) {
    progress.clear();
    console.complain(ExitCodes.printable(path + ": " + why));
  }

  @Override
  public void mended(String what) {
    progress.clear();
    console.note("internvl: warning: " + what);
  }

  void clear() {
    progress.clear();
  }
}
