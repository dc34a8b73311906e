package org.internvl4j.media;

import javax.imageio.stream.ImageInputStreamImpl;

/// An image input over bytes in memory that asks a [Watch] whenever bytes are taken: no copy, no
/// cache file. One thread.
///
/// No read goes past the beginning of a scan of a JPEG: the decoder takes hundreds of scans in one
/// read where they are short, and works for a second at each.
final class WatchedInput extends ImageInputStreamImpl {
  private static final int MOST = 1 << 16; // bytes between two looks

  private final byte[] bytes;
  private final int[] stops;
  private final Watch watch;
  private int next; // of the stops, the first behind the position of the last read
  private long looked;

  /// @param bytes not changed
  /// @param stops where no read goes past, ascending: [JpegScans#begins], or none
  WatchedInput(byte[] bytes, int[] stops, Watch watch) {
    this.bytes = bytes;
    this.stops = stops;
    this.watch = watch;
  }

  @Override
  public int read() {
    bitOffset = 0;
    if (Math.abs(streamPos - looked) >= MOST) {
      look();
    }
    return streamPos < bytes.length ? bytes[(int) streamPos++] & 255 : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    bitOffset = 0;
    if (length == 0) {
      return 0;
    }
    look();
    int n = (int) Math.min(Math.min(length, MOST), stop() - streamPos);
    if (n <= 0) {
      return -1;
    }
    System.arraycopy(bytes, (int) streamPos, target, offset, n);
    streamPos += n;
    return n;
  }

  private void look() {
    watch.look();
    looked = streamPos;
  }

  private int stop() {
    while (next > 0 && stops[next - 1] > streamPos) {
      next--;
    }
    while (next < stops.length && stops[next] <= streamPos) {
      next++;
    }
    return next < stops.length ? stops[next] : bytes.length;
  }

  @Override
  public long length() {
    return bytes.length;
  }
}
