package org.internvl4j.server.source;

import java.nio.file.Path;
import java.time.Duration;
import org.internvl4j.server.Limits;
import org.jspecify.annotations.Nullable;

/// What the text of a request may name. Immutable.
///
/// @param hosts from where pictures may be fetched
/// @param mediaPath the folder below which files may be read; null for none
/// @param pixels most pixels of a picture
/// @param bytes longest picture file, wherever it comes from
/// @param headerBytes most that a server may say before its picture
/// @param connectTime longest wait for a connection to one address
/// @param fetchTime longest time from looking a host up to the last byte
public record SourceOptions(
    AllowedHosts hosts,
    @Nullable Path mediaPath,
    long pixels,
    int bytes,
    int headerBytes,
    Duration connectTime,
    Duration fetchTime) {
  private static final int MAX_BYTES = 64 << 20;

  /// @throws IllegalArgumentException if a limit is below 1
  public SourceOptions {
    boolean positive = connectTime.isPositive() && fetchTime.isPositive();
    if (pixels < 1 || bytes < 1 || bytes == Integer.MAX_VALUE || headerBytes < 1 || !positive) {
      throw new IllegalArgumentException(
          "picture sources: limits must be at least 1, found pixels %d, bytes %d, headerBytes %d, connectTime %s, fetchTime %s"
              .formatted(pixels, bytes, headerBytes, connectTime, fetchTime));
    }
  }

  /// Pictures inside requests alone, no longer than a request or 64 MiB.
  public static SourceOptions of(Limits limits) {
    int bytes = (int) Math.min(MAX_BYTES, limits.bodyBytes());
    Duration connect = Duration.ofSeconds(3);
    return new SourceOptions(
        AllowedHosts.NONE, null, limits.pixels(), bytes, 1 << 16, connect, Duration.ofSeconds(10));
  }

  /// The same with pictures from other hosts.
  public SourceOptions withHosts(AllowedHosts allowed) {
    return new SourceOptions(
        allowed, mediaPath, pixels, bytes, headerBytes, connectTime, fetchTime);
  }

  /// The same with files below a folder, or with none.
  public SourceOptions withMediaPath(@Nullable Path folder) {
    return new SourceOptions(hosts, folder, pixels, bytes, headerBytes, connectTime, fetchTime);
  }

  /// The same with another limit on bytes.
  public SourceOptions withBytes(int most) {
    return new SourceOptions(hosts, mediaPath, pixels, most, headerBytes, connectTime, fetchTime);
  }

  /// The same with other limits on the time of a fetch.
  public SourceOptions withTimes(Duration connect, Duration fetch) {
    return new SourceOptions(hosts, mediaPath, pixels, bytes, headerBytes, connect, fetch);
  }
}
