package org.internvl4j.media.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import org.internvl4j.models.image.Picture;
import org.jspecify.annotations.Nullable;

/// An MP4 file with H.264, decoded in this process.
final class Mp4Video implements Video {
  private final String name;
  private final FileChannel file;
  private final Mp4Track track;
  private final H264 decoder;
  private final VideoOptions options;
  private int next; // the sample that can be decoded without going back

  private Mp4Video(
      String name, FileChannel file, Mp4Track track, H264 decoder, VideoOptions options) {
    this.name = name;
    this.file = file;
    this.track = track;
    this.decoder = decoder;
    this.options = options;
  }

  /// Reads the header and tries the first frame.
  ///
  /// @throws VideoException if the file is damaged or above a limit
  /// @throws NotInProcessException if it is of a kind that is not decoded here
  static Mp4Video open(Path path, String name, VideoOptions options) throws IOException {
    FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
    try {
      Mp4Track track = Mp4Track.of(file, name, options);
      H264 decoder = new H264(name, track, options);
      options.check(name, decoder.width(), decoder.height(), track.shown().length);
      Mp4Video video = new Mp4Video(name, file, decoder.surveyed(file), decoder, options);
      video.decode(0);
      return video;
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  @Override
  public int frameCount() {
    return track.shown().length;
  }

  @Override
  public double framesPerSecond() {
    return track.framesPerSecond();
  }

  @Override
  public int width() {
    return track.quarterTurns() % 2 == 0 ? decoder.width() : decoder.height();
  }

  @Override
  public int height() {
    return track.quarterTurns() % 2 == 0 ? decoder.height() : decoder.width();
  }

  @Override
  public String decoder() {
    return "H.264";
  }

  @Override
  public List<Picture> frames(int[] indices, FrameListener listener) {
    int[] wanted = Wanted.of(indices, this, name, options);
    Map<Integer, Picture> pictures = new HashMap<>();
    decode(
        wanted,
        (frame, planes) -> {
          Picture picture = planes.picture(decoder.colours());
          pictures.put(frame, QuarterTurn.turned(picture, track.quarterTurns()));
          listener.decoded(pictures.size(), wanted.length);
        });
    return Wanted.inOrder(indices, pictures);
  }

  /// Takes decoded frames.
  @FunctionalInterface
  interface PlanesTaker {
    void take(int frame, Planes planes);
  }

  /// Decodes some frames, each with the fewest others that it needs.
  ///
  /// @param frames growing
  void decode(int[] frames, PlanesTaker taker) {
    long end = System.nanoTime() + options.deadline().toNanos();
    Integer[] order = Arrays.stream(frames).boxed().toArray(Integer[]::new);
    Arrays.sort(order, (a, b) -> Integer.compare(track.shown()[a], track.shown()[b]));
    try {
      for (int frame : order) {
        Planes planes = seek(track.shown()[frame], end);
        if (planes == null) {
          throw new VideoException(
              "%s: frame %d has no picture data; the file is damaged".formatted(name, frame));
        }
        taker.take(frame, planes);
      }
    } catch (IOException e) {
      throw VideoFile.unreadable(name, e);
    } catch (NotInProcessException e) {
      throw new VideoException(
          "%s: becomes %s, which is not decoded here; convert it with ffmpeg -i IN -pix_fmt yuv420p OUT.mp4"
              .formatted(name, e.getMessage()),
          e);
    }
  }

  private @Nullable Planes seek(int sample, long end) throws IOException {
    if (next > sample || next <= track.samples().syncBefore(sample)) {
      int start = independentBefore(sample);
      if (next != start) {
        decoder.restart();
        next = start;
      }
    }
    Planes planes = null;
    while (next <= sample) {
      if (Thread.interrupted()) {
        Thread.currentThread().interrupt();
        throw new CancellationException(name + ": decoding was interrupted");
      }
      if (System.nanoTime() - end > 0) {
        throw new VideoException(
            "%s: decoding takes longer than %d s; ask for fewer frames or raise the deadline"
                .formatted(name, options.deadline().toSeconds()));
      }
      planes = decode(next);
    }
    return planes;
  }

  /// The last sample up to `sample` from which decoding can start; the file's own list may name
  /// frames that need others.
  private int independentBefore(int sample) throws IOException {
    int start = track.samples().syncBefore(sample);
    while (start > 0 && !decoder.isIndependent(bytes(start))) {
      start = track.samples().syncBefore(start - 1);
    }
    return start;
  }

  private @Nullable Planes decode(int sample) throws IOException {
    ByteBuffer bytes = bytes(sample);
    next = Integer.MAX_VALUE; // until it is decoded, the decoder is in no known state
    Planes planes = decoder.decode(bytes, "coded frame " + sample);
    next = sample + 1;
    return planes;
  }

  private ByteBuffer bytes(int sample) throws IOException {
    long at = track.samples().offsets()[sample];
    int size = track.samples().sizes()[sample];
    if (at < 0 || at > file.size() - size) {
      throw new VideoException(
          "%s: the file has %d bytes, frame %d ends at byte %d; it looks cut off"
              .formatted(name, file.size(), sample, at + size));
    }
    return Mp4Track.read(file, at, size);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw VideoFile.unreadable(name, e);
    }
  }
}
