package org.internvl4j.media;

import org.jspecify.annotations.Nullable;

/// The scans of a JPEG, counted before any is decoded (ITU-T T.81, annex B). A scan of a few bytes
/// makes the decoder pass over the whole picture, and there may be as many as fit into the file.
///
/// What is counted are all byte pairs that can begin a scan, wherever they stand behind the
/// application segments at the beginning: no two parsers agree on what a damaged file holds, but no
/// scan begins without such a pair, and packed samples have none. Immutable.
public final class JpegScans {
  /// As many as libjpeg's own tools write; usual are ten.
  public static final int MOST = 100;

  private static final int USUAL = 16; // are fine at any size
  private static final long MOST_WORK = 1_600_000_000; // pixels of all scans

  private static final int FIRST_WITH_LENGTH = 0xc0;
  private static final int RST0 = 0xd0;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP15 = 0xef;
  private static final int COMMENT = 0xfe;
  private static final int SOI = 0xffd8;

  private final byte[] bytes;
  private final int limit;
  private final int end;
  private final int count;
  private long width;
  private long height;
  private boolean ended;

  private JpegScans(byte[] bytes, int from, int limit, boolean whole) {
    this.bytes = bytes;
    this.limit = limit;
    int endOfPicture = walk(from);
    this.end = whole ? limit : endOfPicture;
    int pairs = 0;
    for (int at = next(bytes, behindMetadata(from), end); at < end; at = next(bytes, at + 1, end)) {
      pairs++;
    }
    this.count = pairs;
  }

  /// The scans of the first picture in a file, if its decoder gets nothing behind [#end].
  public static JpegScans of(byte[] jpeg) {
    return of(jpeg, 0, jpeg.length);
  }

  /// The scans of the first picture in a part of a file, if its decoder gets nothing behind [#end].
  ///
  /// @param bytes not changed
  public static JpegScans of(byte[] bytes, int from, int limit) {
    return new JpegScans(bytes, from, limit, false);
  }

  /// The scans of a file that its decoder gets as a whole: those behind the picture count, too.
  ///
  /// @param jpeg not changed
  public static JpegScans ofAll(byte[] jpeg) {
    return new JpegScans(jpeg, 0, jpeg.length, true);
  }

  /// Where a scan can begin next; `end` if there is no such place before it.
  static int next(byte[] bytes, int from, int end) {
    for (int at = from; at + 1 < end; at++) {
      if (bytes[at] == -1 && (bytes[at + 1] & 255) == SOS) {
        return at;
      }
    }
    return end;
  }

  /// Where segments end that follow the start mark at once and hold profiles, thumbnails and
  /// comments, which have such pairs by chance.
  private int behindMetadata(int from) {
    int at = from + 2;
    while (at + 4 <= limit && u16(from) == SOI && bytes[at] == -1) {
      int marker = bytes[at + 1] & 255;
      boolean metadata = (marker >= APP0 && marker <= APP15) || marker == COMMENT;
      if (!metadata || u16(at + 2) < 2 || at + 2 + u16(at + 2) > limit) {
        break;
      }
      at += 2 + u16(at + 2);
    }
    return u16(from) == SOI ? at : from;
  }

  /// Goes from marker to marker as libjpeg does, which takes markers below `SOF0` for damage of two
  /// bytes.
  ///
  /// @return where the picture ends
  private int walk(int from) {
    boolean hasScan = false;
    int at = from;
    while (true) {
      at = marker(at);
      if (at < 0) {
        return limit;
      }
      int marker = bytes[at + 1] & 255;
      if (marker == EOI && hasScan) {
        ended = true;
        return at + 2;
      }
      hasScan |= marker == SOS;
      if (isFrame(marker) && at + 9 <= limit) {
        height = Math.max(height, u16(at + 5));
        width = Math.max(width, u16(at + 7));
      }
      boolean alone = marker < FIRST_WITH_LENGTH || (marker >= RST0 && marker <= EOI);
      at += alone ? 2 : 2 + u16(at + 2);
    }
  }

  /// Where the next marker is; -1 if there is none.
  private int marker(int from) {
    for (int at = from; at + 1 < limit; at++) {
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
    return at + 1 < limit ? (bytes[at] & 255) << 8 | (bytes[at + 1] & 255) : 0;
  }

  /// How many there are at most.
  public int count() {
    return count;
  }

  /// Where the picture ends: behind its end mark, or where the bytes end.
  int end() {
    return end;
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
    return pixels() * count;
  }

  /// Why there are too many of them, as a part of a sentence; null if there are not.
  public @Nullable String tooMany() {
    if (count > MOST) {
      return "the JPEG has %d scans, more than the limit of %d".formatted(count, MOST);
    }
    return count > USUAL && work() > MOST_WORK
        ? "the JPEG has %d scans of %d pixels, more than the limit of %d pixels together"
            .formatted(count, pixels(), MOST_WORK)
        : null;
  }
}
