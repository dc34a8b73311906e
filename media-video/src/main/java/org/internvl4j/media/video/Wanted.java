package org.internvl4j.media.video;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.internvl4j.models.image.Picture;

/// Which frames are asked for.
final class Wanted {
  private Wanted() {}

  /// The frames, each once, growing.
  ///
  /// @throws IllegalArgumentException if there is no such frame
  /// @throws VideoException if they take more memory than the options allow
  static int[] of(int[] indices, Video video, String name, VideoOptions options) {
    for (int index : indices) {
      if (index < 0 || index >= video.frameCount()) {
        throw new IllegalArgumentException(
            "%s: there is no frame %d, it has frames 0 to %d"
                .formatted(name, index, video.frameCount() - 1));
      }
    }
    int[] wanted = Arrays.stream(indices).sorted().distinct().toArray();
    long bytes = 3L * video.width() * video.height() * wanted.length;
    if (bytes > options.maxMemory()) {
      throw new VideoException(
          "%s: %d frames of %d x %d pixels take %d MiB, more than the limit of %d; ask for fewer frames or raise maxMemory"
              .formatted(
                  name,
                  wanted.length,
                  video.width(),
                  video.height(),
                  bytes >> 20,
                  options.maxMemory() >> 20));
    }
    return wanted;
  }

  static List<Picture> inOrder(int[] indices, Map<Integer, Picture> pictures) {
    return Arrays.stream(indices)
        .mapToObj(index -> {
          Picture picture = pictures.get(index);
          if (picture == null) {
            throw new AssertionError("frame " + index + " was not decoded");
          }
          return picture;
        })
        .toList();
  }
}
