package org.internvl4j.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Grey progressive JPEGs of as many scans as wanted, a few bytes each (ITU-T T.81, annex G): the
/// first says that all blocks are zero, the others, in runs of 32,767 blocks, that they stay so.
public final class ProgressiveJpeg {
  private static final int LONGEST_RUN = 32_767; // blocks
  private static final int RUN = 16_384; // blocks, and what 14 more bits say

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private ProgressiveJpeg() {}

  /// @param scans at least 1
  public static byte[] of(int width, int height, int scans) {
    ProgressiveJpeg jpeg = new ProgressiveJpeg();
    int blocks = (width + 7) / 8 * ((height + 7) / 8);
    jpeg.header(width, height);
    jpeg.segment(0xda, 1, 1, 0, 0, 0, 0);
    jpeg.out.writeBytes(new byte[(blocks + 7) / 8]);
    byte[] runs = runs(blocks);
    for (int i = 1; i < scans; i++) {
      jpeg.segment(0xda, 1, 1, 0, 1, 63, 0);
      jpeg.out.writeBytes(runs);
    }
    jpeg.out.writeBytes(new byte[] {(byte) 0xff, (byte) 0xd9});
    return jpeg.out.toByteArray();
  }

  private void header(int width, int height) {
    out.writeBytes(new byte[] {(byte) 0xff, (byte) 0xd8});
    segment(0xe0, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0);
    int[] quantisation = new int[65];
    Arrays.fill(quantisation, 1, 65, 1);
    segment(0xdb, quantisation);
    segment(0xc2, 8, height >> 8, height, width >> 8, width, 1, 1, 0x11, 0);
    int[] codes = new int[18]; // one code of one bit
    codes[1] = 1;
    segment(0xc4, codes); // DC: no difference
    codes[0] = 0x10;
    codes[17] = 0xe0;
    segment(0xc4, codes); // AC: a run of blocks
  }

  private void segment(int marker, int... content) {
    ByteBuffer segment = ByteBuffer.allocate(4 + content.length);
    segment.put((byte) 0xff).put((byte) marker).putShort((short) (2 + content.length));
    for (int value : content) {
      segment.put((byte) value);
    }
    out.writeBytes(segment.array());
  }

  private static byte[] runs(int blocks) {
    StringBuilder bits = new StringBuilder();
    for (int left = blocks; left > 0; left -= LONGEST_RUN) {
      int more = Math.clamp(left - RUN, 0, RUN - 1); // a run behind the end does no harm
      bits.append('0').append(Integer.toBinaryString(RUN + more).substring(1));
    }
    bits.append("1".repeat(-bits.length() & 7));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < bits.length(); i += 8) {
      int value = Integer.parseInt(bits.substring(i, i + 8), 2);
      bytes.write(value);
      if (value == 0xff) {
        bytes.write(0);
      }
    }
    return bytes.toByteArray();
  }
}
