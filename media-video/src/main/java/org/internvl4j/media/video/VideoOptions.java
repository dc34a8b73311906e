package org.internvl4j.media.video;

import java.time.Duration;

/// What [Video] may read and how. Immutable.
///
/// @param maxBytes longest file in bytes
/// @param maxPixels most pixels of a frame
/// @param maxFrames most frames of a file
/// @param maxMemory most bytes that the frames of one call may take, three a pixel
/// @param deadline longest time of one call
/// @param external whether an ffmpeg on PATH may be used
public record VideoOptions(
    long maxBytes,
    int maxPixels,
    int maxFrames,
    long maxMemory,
    Duration deadline,
    boolean external) {
  /// 8 GiB a file, 36 million pixels a frame (8K), 2 million frames (18 hours), 1 GiB of frames,
  /// ten minutes; ffmpeg where there is one.
  public static final VideoOptions DEFAULT =
      new VideoOptions(1L << 33, 36_000_000, 2_000_000, 1L << 30, Duration.ofMinutes(10), true);

  /// @throws IllegalArgumentException if a limit is below 1
  public VideoOptions {
    if (maxBytes < 1 || maxPixels < 1 || maxFrames < 1 || maxMemory < 1 || !deadline.isPositive()) {
      throw new IllegalArgumentException(
          "video options: limits must be above 0, found maxBytes %d, maxPixels %d, maxFrames %d, maxMemory %d, deadline %s"
              .formatted(maxBytes, maxPixels, maxFrames, maxMemory, deadline));
    }
  }

  /// The same with another limit on the file.
  public VideoOptions withMaxBytes(long max) {
    return new VideoOptions(max, maxPixels, maxFrames, maxMemory, deadline, external);
  }

  /// The same with another limit on the pixels of a frame.
  public VideoOptions withMaxPixels(int max) {
    return new VideoOptions(maxBytes, max, maxFrames, maxMemory, deadline, external);
  }

  /// The same with another limit on the frames of a file.
  public VideoOptions withMaxFrames(int max) {
    return new VideoOptions(maxBytes, maxPixels, max, maxMemory, deadline, external);
  }

  /// The same with another limit on the memory of the frames of one call.
  public VideoOptions withMaxMemory(long max) {
    return new VideoOptions(maxBytes, maxPixels, maxFrames, max, deadline, external);
  }

  /// The same with another time for one call.
  public VideoOptions withDeadline(Duration most) {
    return new VideoOptions(maxBytes, maxPixels, maxFrames, maxMemory, most, external);
  }

  /// The same with or without an external ffmpeg.
  public VideoOptions withExternal(boolean allowed) {
    return new VideoOptions(maxBytes, maxPixels, maxFrames, maxMemory, deadline, allowed);
  }

  /// Checks the size of a frame and how many there are, as a header tells them.
  void check(String name, long width, long height, long frames) {
    if (width < 1 || height < 1 || frames < 1) {
      throw new VideoException(
          "%s: the header says %d frames of %d x %d pixels, expected at least one of 1 x 1; the file is damaged"
              .formatted(name, frames, width, height));
    }
    if (width > maxPixels || height > maxPixels || width * height > maxPixels) {
      throw new VideoException(
          "%s: the header says %d x %d pixels, more than the limit of %d; make the video smaller or raise maxPixels"
              .formatted(name, width, height, maxPixels));
    }
    if (frames > maxFrames) {
      throw new VideoException(
          "%s: the header says %d frames, more than the limit of %d; cut the video or raise maxFrames"
              .formatted(name, frames, maxFrames));
    }
  }
}
