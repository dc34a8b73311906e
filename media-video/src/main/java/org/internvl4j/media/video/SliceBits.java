package org.internvl4j.media.video;

import java.nio.ByteBuffer;
import org.jcodec.codecs.common.biari.MDecoder;

/// The bits of a slice in arithmetic coding (ITU-T H.264, 9.3.1.2). The library reads zeros behind
/// the last byte, and numbers that end with a certain bit would never end: here the data do.
final class SliceBits extends MDecoder {
  private static final int BEYOND = 64; // bits that a whole slice may need behind its last byte

  private final ByteBuffer data;
  private int beyond;

  /// @param states of the contexts, `[2, 1024]`
  SliceBits(ByteBuffer data, int[][] states) {
    this.data = data; // first, since bits are read at once
    super(data, states);
  }

  @Override
  protected void readOneByte() {
    if (!data.hasRemaining() && ++beyond > BEYOND) {
      throw new IllegalArgumentException("its data have no end");
    }
    super.readOneByte();
  }
}
