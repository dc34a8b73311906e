package org.internvl4j.media;

/// The scans of a JPEG file (ITU-T T.81, annex B), counted before any is decoded: one of a few
/// bytes makes the decoder pass over the whole picture, and thousands fit into a small file.
///
/// Goes from marker to marker as libjpeg does, so that no scan is decoded that was not counted.
final class JpegScans {
  /// Ten are usual.
  static final int MOST = 100;

  private static final int USUAL = 16; // at any size
  private static final long MOST_PIXELS = USUAL * 100_000_000L; // that are passed over

  private static final int SOS = 0xda;
  private static final int EOI = 0xd9;
  private static final int RST0 = 0xd0;
  private static final int TEM = 0x01;

  private JpegScans() {}

  /// @param at where the first one begins
  /// @param pixels of the picture
  /// @throws PictureException if there are too many of them
  static void requireFew(SourceFile file, int at, long pixels) {
    int count = count(file, at);
    if (count > MOST || (count > USUAL && count * pixels > MOST_PIXELS)) {
      throw new PictureException(
          "%s: the JPEG has %d scans, expected at most %d for a picture of this size; convert it to PNG"
              .formatted(file.name(), count, Math.clamp(MOST_PIXELS / pixels, USUAL, MOST)));
    }
  }

  /// No more than are too many.
  private static int count(SourceFile file, int first) {
    int count = 0;
    int at = first;
    while (count <= MOST) {
      at = marker(file, at);
      if (at < 0) {
        return count;
      }
      int marker = file.u8(at + 1);
      if (marker == EOI) {
        return count;
      }
      count += marker == SOS ? 1 : 0;
      boolean alone = marker == TEM || (marker >= RST0 && marker < EOI);
      at += alone ? 2 : 2 + (at + 3 < file.length() ? file.u16be(at + 2) : 2);
    }
    return count;
  }

  /// Where the next marker is, behind picture data if there is some; -1 if there is none.
  private static int marker(SourceFile file, int from) {
    for (int at = from; at + 1 < file.length(); at++) {
      if (file.u8(at) == 0xff && file.u8(at + 1) != 0 && file.u8(at + 1) != 0xff) {
        return at;
      }
    }
    return -1;
  }
}
