package org.internvl4j.media.video;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.internvl4j.models.image.FrameSampler;
import org.internvl4j.models.image.Picture;

/// A video file: how many frames it has, and any of them as pictures. Sound is left alone.
///
/// MP4 and QuickTime files with H.264 (8 bits, 4:2:0, no fields, one slice a frame) are decoded in
/// this process, sample for sample as the standard says. All other files are decoded by `ffmpeg`
/// and `ffprobe` if there are such programs on PATH, or in the folder that
/// `-Dinternvl4j.ffmpeg=DIR` names. Frames are counted from 0 in the order in which they are shown,
/// and turned upright as the file says.
///
/// One thread at a time. An interrupt ends a call with a
/// [java.util.concurrent.CancellationException].
public sealed interface Video extends AutoCloseable permits Mp4Video, FfmpegVideo {
  /// Opens a file with [VideoOptions#DEFAULT]; the caller closes it.
  ///
  /// @throws VideoException if there is no such file, it is no video, damaged, above a limit, or of
  ///   a kind that needs ffmpeg where there is none
  static Video open(Path file) {
    return open(file, VideoOptions.DEFAULT);
  }

  /// Opens a file; the caller closes it.
  ///
  /// @throws VideoException if there is no such file, it is no video, damaged, above a limit, or of
  ///   a kind that needs ffmpeg where there is none
  static Video open(Path file, VideoOptions options) {
    return VideoFile.open(file, file.toString(), options);
  }

  /// Opens a file that is called otherwise in sentences; the caller closes it.
  ///
  /// @param name in place of its path
  /// @throws VideoException if there is no such file, it is no video, damaged, above a limit, or of
  ///   a kind that needs ffmpeg where there is none
  static Video open(Path file, String name, VideoOptions options) {
    return VideoFile.open(file, name, options);
  }

  /// Frames of the file, at least 1.
  int frameCount();

  /// Frames a second on average, above 0.
  double framesPerSecond();

  /// How long it runs.
  default Duration duration() {
    return Duration.ofNanos((long) (frameCount() / framesPerSecond() * 1e9));
  }

  /// Pixels of a frame from left to right.
  int width();

  /// Pixels of a frame from top to bottom.
  int height();

  /// What decodes it, for people: `H.264` or `ffmpeg (vp9)`.
  String decoder();

  /// Frames as pictures; a frame that is wanted twice is decoded once.
  ///
  /// @param indices in any order, each in 0 to [#frameCount] - 1
  /// @return one picture an index, in the order of the indices
  /// @throws IllegalArgumentException if there is no such frame
  /// @throws VideoException if a frame cannot be decoded, all of them take more memory than the
  ///   options allow, or it takes too long
  List<Picture> frames(int[] indices, FrameListener listener);

  /// Frames as pictures.
  default List<Picture> frames(int... indices) {
    return frames(indices, FrameListener.NONE);
  }

  /// The frames that the reference shows a model: the middle ones of `count` equal stretches
  /// ([FrameSampler#uniform]). Short videos repeat frames.
  default List<Picture> sample(int count, FrameListener listener) {
    return frames(FrameSampler.uniform(frameCount(), count), listener);
  }

  @Override
  void close();
}
