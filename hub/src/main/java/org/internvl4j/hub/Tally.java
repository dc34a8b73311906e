package org.internvl4j.hub;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Counts what has come and tells one listener, one thread at a time. Safe for use by several.
final class Tally implements PullListener {
  private final PullListener listener;
  private final long all;
  private @Nullable ListedFile current;
  private long done; // of the current file
  private long allDone;

  Tally(PullListener listener, long all) {
    this.listener = listener;
    this.all = all;
  }

  /// Begins a file, another one or the same anew.
  synchronized void begin(ListedFile file) {
    if (file.equals(current)) {
      allDone -= done;
    }
    current = file;
    done = 0;
  }

  /// Some bytes of the current file have come.
  synchronized void add(long bytes) {
    done += bytes;
    allDone += bytes;
    if (current != null) {
      progress(new Step(current, done, allDone, all));
    }
  }

  @Override
  public synchronized void progress(Step step) {
    listener.progress(step);
  }

  @Override
  public synchronized void checking(ListedFile file) {
    listener.checking(file);
  }

  @Override
  public synchronized void finished(ListedFile file, boolean before) {
    begin(file);
    add(file.bytes());
    listener.finished(file, before);
  }

  @Override
  public synchronized void waiting(ListedFile file) {
    listener.waiting(file);
  }

  @Override
  public synchronized void retrying(String why, Duration pause) {
    listener.retrying(why, pause);
  }
}
