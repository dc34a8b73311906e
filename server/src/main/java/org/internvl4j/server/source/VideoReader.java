package org.internvl4j.server.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.LongConsumer;
import org.internvl4j.media.video.FrameListener;
import org.internvl4j.media.video.Video;
import org.internvl4j.media.video.VideoException;
import org.internvl4j.media.video.VideoOptions;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;

/// Frames of videos of strangers: smaller, shorter and sooner ended than those of the command line.
final class VideoReader {
  private static final int FRAME_PIXELS = 4096 * 2304; // a decoder keeps up to 17 such frames
  private static final int FRAMES = 216_000; // an hour of 60 a second
  private static final Duration TIME = Duration.ofMinutes(1);

  private final VideoOptions options;

  VideoReader(SourceOptions options) {
    int pixels = (int) Math.min(FRAME_PIXELS, options.pixels());
    this.options =
        new VideoOptions(options.bytes(), pixels, FRAMES, Long.MAX_VALUE, TIME, options.ffmpeg());
  }

  /// Evenly spaced frames.
  ///
  /// @param bytes the file
  /// @param count frames; short videos repeat some
  /// @param pixels hears how many they have together, before they are decoded
  /// @throws PictureRefusedException if it is no video, damaged, of a kind that is not decoded here
  ///   or above a limit
  List<Picture> frames(byte[] bytes, int count, LongConsumer pixels) {
    Path file = null;
    try {
      file = Files.createTempFile("internvl4j-", ".video"); // the owner's alone
      Files.write(file, bytes);
      try (Video video = Video.open(file, "video", options)) {
        pixels.accept((long) video.width() * video.height() * count);
        return video.sample(count, FrameListener.NONE);
      }
    } catch (VideoException e) {
      throw new PictureRefusedException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new UncheckedIOException("server: a video cannot be put into the temporary folder", e);
    } finally {
      delete(file);
    }
  }

  private static void delete(@Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("server: a temporary file cannot be deleted", e);
    }
  }
}
