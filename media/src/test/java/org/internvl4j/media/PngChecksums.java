package org.internvl4j.media;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/// Rewrites the checksums of a damaged PNG, so that its damage reaches the decoder.
final class PngChecksums {
  private PngChecksums() {}

  /// `file` with the right checksums as far as its chunks can be followed; other files as they are.
  static byte[] repaired(byte[] file) {
    byte[] copy = file.clone();
    if (copy.length < 8 || copy[1] != 'P') {
      return copy;
    }
    ByteBuffer bytes = ByteBuffer.wrap(copy);
    long at = 8;
    while (at + 12 <= copy.length) {
      long length = bytes.getInt((int) at) & 0xffff_ffffL;
      if (at + 12 + length > copy.length) {
        break;
      }
      CRC32 sum = new CRC32();
      sum.update(copy, (int) at + 4, 4 + (int) length);
      bytes.putInt((int) (at + 8 + length), (int) sum.getValue());
      at += 12 + length;
    }
    return copy;
  }
}
