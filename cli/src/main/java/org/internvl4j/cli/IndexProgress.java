package org.internvl4j.cli;

import org.internvl4j.search.IndexListener;

/// Shows how far an index is: pictures a second, and the time that is left at that rate.
final class IndexProgress implements IndexListener {
  private final Console console;
  private final Progress progress;
  private final Pace pace = new Pace(0);

  IndexProgress(Console console) {
    this.console = console;
    this.progress = new Progress(console);
  }

  @Override
  public void done(int done, int total) {
    progress.show("indexing", done, total, pace.figures(done, total));
  }

  /// Shows how much of something slow is done.
  void part(String what, double part) {
    progress.show(what, (long) (1000 * part), 1000, "%.0f %%".formatted(100 * part));
  }

  @Override
  public void unreadable(String path, String why) {
    progress.clear();
    console.complain(ExitCodes.line(path + ": " + why));
  }

  @Override
  public void mended(String what) {
    progress.clear();
    console.note("internvl: warning: " + ExitCodes.line(what));
  }

  void clear() {
    progress.clear();
  }
}
