package org.internvl4j.media;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The scans of a JPEG, counted before any is decoded (ITU-T T.81, annex B). A scan of a few bytes
/// makes the decoder pass over the whole picture, and there may be as many as fit into the file.
///
/// Goes from marker to marker as libjpeg does, so nothing is decoded that was not counted; what
/// libjpeg would refuse ends the walk. Immutable.
public final class JpegScans {
  /// As many as libjpeg's own tools write; usual are ten.
  public static final int MOST = 100;

  private static final int USUAL = 16; // are fine at any size
  private static final long MOST_WORK = 1_600_000_000; // pixels of all scans

  private static final int TEM = 0x01;
  private static final int RST0 = 0xd0;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;

  private final byte[] bytes;
  private final int end;
  private final int[] begins;
  private long width;
  private long height;
  private boolean ended;

  private JpegScans(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.end = end;
    this.begins = walk(from);
  }

  /// The scans of the first picture in a file.
  public static JpegScans of(byte[] jpeg) {
    return of(jpeg, 0, jpeg.length);
  }

  /// The scans of the first picture in a part of a file.
  ///
  /// @param bytes not changed
  public static JpegScans of(byte[] bytes, int from, int end) {
    return new JpegScans(bytes, from, end);
  }

  private int[] walk(int from) {
    int[] found = new int[4];
    int count = 0;
    int at = from;
    while (true) {
      at = marker(at);
      int marker = at < 0 ? EOI : bytes[at + 1] & 255;
      if (marker == EOI && (at < 0 || count > 0)) {
        ended = at >= 0;
        return Arrays.copyOf(found, count);
      }
      if (marker == SOS) {
        found = count == found.length ? Arrays.copyOf(found, 2 * count) : found;
        found[count++] = at;
      } else if (isFrame(marker) && at + 9 <= end) {
        height = Math.max(height, u16(at + 5));
        width = Math.max(width, u16(at + 7));
      }
      at += marker == TEM || (marker >= RST0 && marker <= EOI) ? 2 : 2 + u16(at + 2);
    }
  }

  /// Where the next marker is; -1 if there is none.
  private int marker(int from) {
    for (int at = from; at + 1 < end; at++) {
      if (bytes[at] == -1 && bytes[at + 1] != -1 && bytes[at + 1] != 0) {
        return at;
      }
    }
    return -1;
  }

  static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  private int u16(int at) {
    return at + 1 < end ? (bytes[at] & 255) << 8 | (bytes[at + 1] & 255) : 0;
  }

  /// How many there are.
  public int count() {
    return begins.length;
  }

  /// Where each begins.
  public int[] begins() {
    return begins.clone();
  }

  /// Whether an end mark follows them.
  boolean ended() {
    return ended;
  }

  /// Pixels of the picture, 0 if it does not say.
  public long pixels() {
    return width * height;
  }

  /// Pixels that the decoder passes over, those of each scan counted.
  public long work() {
    return pixels() * begins.length;
  }

  /// Why there are too many of them, as a part of a sentence; null if there are not.
  public @Nullable String tooMany() {
    if (count() > MOST) {
      return "the JPEG has %d scans, more than the limit of %d".formatted(count(), MOST);
    }
    return count() > USUAL && work() > MOST_WORK
        ? "the JPEG has %d scans of %d pixels, more than the limit of %d pixels together"
            .formatted(count(), pixels(), MOST_WORK)
        : null;
  }
}
