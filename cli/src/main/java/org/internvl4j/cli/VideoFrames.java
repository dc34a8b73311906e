package org.internvl4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.internvl4j.media.video.Video;
import org.internvl4j.models.image.Picture;

/// Reads frames of a video file, with a line that says how far it is.
final class VideoFrames {
  /// Frames of the example that the model cards give.
  static final int USUAL = 8;

  private static final int MOST = 4096;

  private VideoFrames() {}

  /// The evenly spaced frames that the reference takes.
  static List<Picture> read(Path file, int count, Console console) {
    Progress progress = new Progress(console);
    progress.show("opening " + file);
    try (Video video = Video.open(file)) {
      return video.sample(count, (done, total) -> progress.show("reading frames", done, total));
    } finally {
      progress.clear();
    }
  }

  /// A number of frames where files of frames could stand, too.
  static int count(List<Path> said) {
    return count(String.join(" ", said.stream().map(Path::toString).toList()));
  }

  /// @throws UsageException if it is no such number
  static int count(String said) {
    int count = said.matches("\\d{1,6}") ? Integer.parseInt(said) : 0;
    if (count < 1 || count > MOST) {
      throw new UsageException(
          "--frames is %s, expected a number from 1 to %d for a video".formatted(said, MOST));
    }
    return count;
  }
}
