package org.internvl4j.media.pdf;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/// Numbers of any count of bits, the first bit of a byte being its highest. One thread.
final class BitReader implements AutoCloseable {
  private final InputStream in;
  private int last;
  private int left; // bits of the last byte

  /// @param in is closed with this
  BitReader(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 13);
  }

  /// The next number.
  ///
  /// @param bits 0 to 64
  /// @throws EOFException if there are not as many
  long read(int bits) throws IOException {
    long value = 0;
    for (int wanted = bits; wanted > 0; ) {
      if (left == 0) {
        last = in.read();
        if (last < 0) {
          throw new EOFException();
        }
        left = 8;
      }
      int taken = Math.min(wanted, left);
      left -= taken;
      wanted -= taken;
      value = (value << taken) | ((last >> left) & ((1 << taken) - 1));
    }
    return value;
  }

  /// Passes over what is left of a byte.
  void align() {
    left = 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
