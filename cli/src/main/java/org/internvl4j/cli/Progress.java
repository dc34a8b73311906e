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

  private void show(String what, long done, long total, String figures) {
    if (!console.hasProgress()) {
      return;
    }
    long now = System.nanoTime();
    if (shown && now - drawn < PAUSE && done < total) {
      return;
    }
    drawn = now;
    shown = true;
    int full = (int) (CELLS * done / Math.max(1, total));
    console.overwrite(
        "%s %s%s %s".formatted(what, "█".repeat(full), "░".repeat(CELLS - full), figures));
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
