package org.internvl4j.cli;

/// One line on stderr that says how far a slow thing is; nothing where stderr is no terminal. One
/// thread at a time.
final class Progress {
  private static final int CELLS = 24;
  private static final long PAUSE = 50_000_000; // nanoseconds between two drawings

  private final Console console;
  private boolean shown;
  private long drawn;

  Progress(Console console) {
    this.console = console;
  }

  /// Shows `done` of `total`.
  void show(String what, int done, int total) {
    show(what, done, total, done + "/" + total);
  }

  /// Shows `done` of `total` bytes.
  void showBytes(String what, long done, long total) {
    show(what, done, total, Sizes.bytes(done) + " of " + Sizes.bytes(total));
  }

  /// Shows `done` of `total` bytes of one thing, and `allDone` of `all` of several.
  void showBytes(String what, long done, long total, long allDone, long all) {
    if (isDue(done >= total)) {
      int cells = CELLS / 2;
      console.overwrite(
          "%s %s %s of %s  all %s %d%%"
              .formatted(
                  what,
                  bar(cells, done, total),
                  Sizes.bytes(done),
                  Sizes.bytes(total),
                  bar(cells, allDone, all),
                  (long) (100.0 * allDone / Math.max(1, all))));
    }
  }

  /// Shows `done` of `total` in words of somebody else's.
  void show(String what, long done, long total, String figures) {
    if (isDue(done >= total)) {
      console.overwrite("%s %s %s".formatted(what, bar(CELLS, done, total), figures));
    }
  }

  /// Whether it is time to draw the line again.
  private boolean isDue(boolean last) {
    long now = System.nanoTime();
    if (!console.hasProgress() || (shown && now - drawn < PAUSE && !last)) {
      return false;
    }
    drawn = now;
    shown = true;
    return true;
  }

  private static String bar(int cells, long done, long total) {
    int full = (int) (cells * (double) done / Math.max(1, total));
    return "█".repeat(full) + "░".repeat(cells - full);
  }

  /// Shows that something goes on.
  void show(String what) {
    if (console.hasProgress()) {
      shown = true;
      console.overwrite(what);
    }
  }

  /// Erases the line.
  void clear() {
    if (shown) {
      shown = false;
      console.overwrite("");
    }
  }
}
