package org.internvl4j.media;

import javax.imageio.stream.ImageInputStreamImpl;

/// An image input over bytes in memory that asks a [Watch] whenever bytes are taken: no copy, no
/// cache file. One thread.
///
/// Where JPEGs may be, no read goes past a place where a scan can begin: the decoder takes hundreds
/// of scans in one read where they are short, and works for a second at each.
final class WatchedInput extends ImageInputStreamImpl {
  private static final int MOST = 1 << 16; // bytes between two looks

  private final byte[] bytes;
  private final int end;
  private final boolean scans;
  private final Watch watch;
  private long looked;

  /// @param bytes not changed
  /// @param end where the input ends
  /// @param scans whether reads end where a scan of a JPEG can begin
  WatchedInput(byte[] bytes, int end, boolean scans, Watch watch) {
    this.bytes = bytes;
    this.end = end;
    this.scans = scans;
    this.watch = watch;
  }

  @Override
  public int read() {
    bitOffset = 0;
    if (Math.abs(streamPos - looked) >= MOST) {
      look();
    }
    return streamPos < end ? bytes[(int) streamPos++] & 255 : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    bitOffset = 0;
    if (length == 0) {
      return 0;
    }
    look();
    int n = (int) Math.min(Math.min(length, MOST), end - streamPos);
    if (n <= 0) {
      return -1;
    }
    if (scans) {
      int from = (int) streamPos;
      n = JpegScans.next(bytes, from + 1, Math.min(end, from + n + 1)) - from;
      n = Math.min(n, length);
    }
    System.arraycopy(bytes, (int) streamPos, target, offset, n);
    streamPos += n;
    return n;
  }

  private void look() {
    watch.look();
    looked = streamPos;
  }

  @Override
  public long length() {
    return end;
  }
}
