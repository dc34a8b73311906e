package org.internvl4j.cli;

import java.time.Duration;
import java.util.regex.Pattern;
import org.internvl4j.hub.ListedFile;
import org.internvl4j.hub.Listing;
import org.internvl4j.hub.PullListener;

/// Shows how far a pull is: one line for the file and all together, and a note a file.
final class PullProgress implements PullListener {
  private static final Pattern WEIGHTS = Pattern.compile("\\.(safetensors|bin|pth|pt)$");
  private static final int LETTERS = 18; // of a file's name

  private final Console console;
  private final Progress progress;

  PullProgress(Console console) {
    this.console = console;
    this.progress = new Progress(console);
  }

  void show(String what) {
    progress.show(what);
  }

  void clear() {
    progress.clear();
  }

  @Override
  public void progress(Step step) {
    progress.showBytes(
        name(step.file()), step.done(), step.file().bytes(), step.allDone(), step.all());
  }

  @Override
  public void checking(ListedFile file) {
    progress.show(name(file) + " checking");
  }

  @Override
  public void finished(ListedFile file, boolean before) {
    if (!before) {
      console.note("pulled " + file.path() + ", " + Sizes.bytes(file.bytes()));
    }
  }

  @Override
  public void waiting(ListedFile file) {
    console.note("internvl: another process is pulling " + file.path() + ", waiting for it");
  }

  @Override
  public void retrying(String why, Duration pause) {
    long seconds = Math.ceilDiv(pause.toMillis(), 1000);
    console.note("internvl: " + why + "; trying again in " + seconds + " s");
  }

  /// Says so if a model came without weights.
  void tellWeights(Listing listing) {
    if (listing.files().stream().noneMatch(file -> WEIGHTS.matcher(file.path()).find())) {
      console.note(
          "internvl: warning: "
              + listing.model()
              + " came without weights; if it has some in .bin files alone, --with-bin pulls them");
    }
  }

  private static String name(ListedFile file) {
    String path = file.path();
    return path.length() <= LETTERS ? path : "…" + path.substring(path.length() - LETTERS + 1);
  }
}
