package org.internvl4j.server.source;

import java.nio.file.Path;
import java.time.Duration;
import org.internvl4j.server.Limits;
import org.jspecify.annotations.Nullable;

/// What the text of a request may name. Immutable.
///
/// @param hosts from where files may be fetched
/// @param mediaPath the folder below which files may be read; null for none
/// @param ffmpeg whether videos that are not decoded in this process are given to ffmpeg
/// @param pixels most pixels of a picture
/// @param bytes longest file, wherever it comes from
/// @param headerBytes most that a server may say before its file
/// @param times how long a file may take
/// @param fetches most at a time, of all requests together
public record SourceOptions(
    AllowedHosts hosts,
    @Nullable Path mediaPath,
    boolean ffmpeg,
    long pixels,
    int bytes,
    int headerBytes,
    Times times,
    int fetches) {
  private static final int MAX_BYTES = 64 << 20;

  /// How long a file may take.
  ///
  /// @param turn longest wait until fewer fetches are under way
  /// @param connect longest wait for a connection to one address
  /// @param fetch longest time from looking a host up to the last byte
  /// @param pages of a PDF file: time after which no other one is drawn
  public record Times(Duration turn, Duration connect, Duration fetch, Duration pages) {
    static final Times DEFAULT =
        new Times(
            Duration.ofSeconds(5),
            Duration.ofSeconds(3),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1));
  }

  /// @throws IllegalArgumentException if a limit is below 1
  public SourceOptions {
    boolean positive =
        !times.turn().isNegative()
            && times.connect().isPositive()
            && times.fetch().isPositive()
            && !times.pages().isNegative();
    if (pixels < 1
        || bytes < 1
        || bytes == Integer.MAX_VALUE
        || headerBytes < 1
        || fetches < 1
        || !positive) {
      throw new IllegalArgumentException(
          "sources: limits must be at least 1, found pixels %d, bytes %d, headerBytes %d, %s, fetches %d"
              .formatted(pixels, bytes, headerBytes, times, fetches));
    }
  }

  /// Files inside requests alone, no longer than a request or 64 MiB, videos as far as they are
  /// decoded in this process.
  public static SourceOptions of(Limits limits) {
    int bytes = (int) Math.min(MAX_BYTES, limits.bodyBytes());
    return new SourceOptions(
        AllowedHosts.NONE, null, false, limits.pixels(), bytes, 1 << 16, Times.DEFAULT, 16);
  }

  /// The same with files from other hosts.
  public SourceOptions withHosts(AllowedHosts allowed) {
    return new SourceOptions(
        allowed, mediaPath, ffmpeg, pixels, bytes, headerBytes, times, fetches);
  }

  /// The same with files below a folder, or with none.
  public SourceOptions withMediaPath(@Nullable Path folder) {
    return new SourceOptions(hosts, folder, ffmpeg, pixels, bytes, headerBytes, times, fetches);
  }

  /// The same with or without ffmpeg.
  public SourceOptions withFfmpeg(boolean allowed) {
    return new SourceOptions(hosts, mediaPath, allowed, pixels, bytes, headerBytes, times, fetches);
  }

  /// The same with another limit on bytes.
  public SourceOptions withBytes(int most) {
    return new SourceOptions(hosts, mediaPath, ffmpeg, pixels, most, headerBytes, times, fetches);
  }

  /// The same with other limits on the time of a fetch.
  public SourceOptions withTimes(Duration connect, Duration fetch) {
    Times most = new Times(times.turn(), connect, fetch, times.pages());
    return new SourceOptions(hosts, mediaPath, ffmpeg, pixels, bytes, headerBytes, most, fetches);
  }

  /// The same with another limit on the time that pages of a PDF file are drawn.
  public SourceOptions withPages(Duration most) {
    Times other = new Times(times.turn(), times.connect(), times.fetch(), most);
    return new SourceOptions(hosts, mediaPath, ffmpeg, pixels, bytes, headerBytes, other, fetches);
  }

  /// The same with another number of fetches at a time, and another wait for a turn.
  public SourceOptions withFetches(int most, Duration turn) {
    Times other = new Times(turn, times.connect(), times.fetch(), times.pages());
    return new SourceOptions(hosts, mediaPath, ffmpeg, pixels, bytes, headerBytes, other, most);
  }
}
