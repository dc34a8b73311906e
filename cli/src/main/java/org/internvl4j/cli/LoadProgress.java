package org.internvl4j.cli;

import java.util.function.LongSupplier;
import org.internvl4j.loader.LoadListener;

/// Shows how far the opening of a model is, once it takes a noticeable time.
final class LoadProgress implements LoadListener {
  private static final long NOTICEABLE = 300_000_000; // nanoseconds

  private final Progress progress;
  private final LongSupplier clock;
  private final long start;

  LoadProgress(Console console) {
    this(console, System::nanoTime);
  }

  LoadProgress(Console console, LongSupplier clock) {
    this.progress = new Progress(console);
    this.clock = clock;
    this.start = clock.getAsLong();
  }

  @Override
  public void progress(Stage stage, long done, long total) {
    if (done >= total) {
      progress.clear();
    } else if (clock.getAsLong() - start > NOTICEABLE) {
      String what =
          switch (stage) {
            case PREPARING -> "preparing weights";
            case CHECKING -> "reading weights";
          };
      progress.showBytes(what, done, total);
    }
  }
}
