package org.internvl4j.server.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.internvl4j.media.video.FrameListener;
import org.internvl4j.media.video.Video;
import org.internvl4j.media.video.VideoException;
import org.internvl4j.media.video.VideoOptions;
import org.internvl4j.models.image.Picture;
import org.internvl4j.server.source.PictureRefusedException.Kind;
import org.jspecify.annotations.Nullable;

/// A video of a stranger: smaller, shorter and sooner ended than those of the command line. One
/// thread at a time.
public final class VideoReader implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(VideoReader.class.getName());
  private static final int FRAME_PIXELS = 4096 * 2304; // a decoder keeps up to 17 such frames
  private static final int FRAMES = 216_000; // an hour of 60 a second
  private static final Duration TIME = Duration.ofMinutes(1);

  private final Path file;
  private final Video video;

  private VideoReader(Path file, Video video) {
    this.file = file;
    this.video = video;
  }

  /// Reads the header.
  ///
  /// @param bytes the file
  /// @throws PictureRefusedException if it is no video, damaged, of a kind that is not decoded here
  ///   or above a limit
  /// @throws UncheckedIOException if it cannot be put into the temporary folder
  static VideoReader of(byte[] bytes, SourceOptions options) {
    int pixels = (int) Math.min(FRAME_PIXELS, options.pixels());
    VideoOptions limits =
        new VideoOptions(options.bytes(), pixels, FRAMES, Long.MAX_VALUE, TIME, options.ffmpeg());
    Path file = null;
    try {
      file = Files.createTempFile("internvl4j-", ".video"); // the owner's alone
      Files.write(file, bytes);
      return new VideoReader(file, Video.open(file, "video", limits));
    } catch (VideoException e) {
      delete(file);
      throw refused(e);
    } catch (IOException e) {
      delete(file);
      throw new UncheckedIOException("server: a video cannot be put into the temporary folder", e);
    } catch (RuntimeException | Error e) {
      delete(file);
      throw e;
    }
  }

  /// Pixels of a frame.
  public long pixels() {
    return (long) video.width() * video.height();
  }

  /// Evenly spaced frames.
  ///
  /// @param count frames; short videos repeat some
  /// @throws PictureRefusedException if it is damaged, or takes too long
  public List<Picture> frames(int count) {
    try {
      return video.sample(count, FrameListener.NONE);
    } catch (VideoException e) {
      throw refused(e);
    }
  }

  private static PictureRefusedException refused(VideoException e) {
    return new PictureRefusedException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
  }

  @Override
  public void close() {
    try {
      video.close();
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
      LOG.log(System.Logger.Level.WARNING, "server: a temporary file cannot be deleted", e);
    }
  }
}
