package org.internvl4j.models.image;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.internvl4j.loader.Digests;
import org.jspecify.annotations.Nullable;

/// A picture of 8-bit RGB samples, row by row from the top left, three bytes a pixel.
///
/// Immutable and safe for use by many threads. Two pictures are equal if their sizes and samples
/// are.
public final class Picture {
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private final int width;
  private final int height;
  private final byte[] rgb;
  private @Nullable String sha256;

  private Picture(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /// A picture with a copy of `rgb`.
  ///
  /// @param width pixels, at least 1
  /// @param height pixels, at least 1
  /// @param rgb `[height, width, 3]`
  /// @throws IllegalArgumentException if a side is below 1 or `rgb` has another length
  public static Picture ofRgb(int width, int height, byte[] rgb) {
    return owning(width, height, rgb.clone());
  }

  /// A picture that takes `rgb` over: the caller must not write to it again.
  static Picture owning(int width, int height, byte[] rgb) {
    if (rgb.length != byteCount(width, height)) {
      throw new IllegalArgumentException(
          "picture: %d x %d RGB has %d bytes, found %d"
              .formatted(width, height, byteCount(width, height), rgb.length));
    }
    return new Picture(width, height, rgb);
  }

  static int byteCount(int width, int height) {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "picture: sides must be at least 1, found %d x %d".formatted(width, height));
    }
    long bytes = 3L * width * height;
    if (bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "picture: %d x %d RGB needs %d bytes, at most %d fit; make it smaller"
              .formatted(width, height, bytes, MAX_BYTES));
    }
    return (int) bytes;
  }

  /// Pixels from left to right.
  public int width() {
    return width;
  }

  /// Pixels from top to bottom.
  public int height() {
    return height;
  }

  /// A copy of the samples, `[height, width, 3]`.
  public byte[] rgb() {
    return rgb.clone();
  }

  /// The samples without a copy: a read-only buffer at position 0 with `3 · width · height` bytes.
  public ByteBuffer samples() {
    return ByteBuffer.wrap(rgb).asReadOnlyBuffer();
  }

  /// The samples themselves, for readers of this package only.
  byte[] raw() {
    return rgb;
  }

  /// The rectangle of `w` x `h` pixels whose top left pixel is `(x, y)`.
  ///
  /// @throws IllegalArgumentException if the rectangle is empty or leaves the picture
  public Picture crop(int x, int y, int w, int h) {
    boolean inside = x >= 0 && y >= 0 && w >= 1 && h >= 1 && x <= width - w && y <= height - h;
    if (!inside) {
      throw new IllegalArgumentException(
          "picture: the rectangle at (%d, %d) of %d x %d leaves the picture of %d x %d"
              .formatted(x, y, w, h, width, height));
    }
    byte[] part = new byte[3 * w * h];
    for (int row = 0; row < h; row++) {
      System.arraycopy(rgb, 3 * ((y + row) * width + x), part, 3 * row * w, 3 * w);
    }
    return new Picture(w, h, part);
  }

  /// SHA-256 of the samples, 64 lower-case hexadecimal digits; computed once.
  public String sha256() {
    String known = sha256;
    if (known == null) {
      MessageDigest hash = Digests.sha256();
      hash.update(rgb);
      known = HexFormat.of().formatHex(hash.digest());
      sha256 = known;
    }
    return known;
  }

  /// What tells this picture from every other: its size and [#sha256()], as `640x480-9f86…`.
  public String digest() {
    return width + "x" + height + "-" + sha256();
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Picture other
        && width == other.width
        && height == other.height
        && Arrays.equals(rgb, other.rgb);
  }

  @Override
  public int hashCode() {
    return sha256().hashCode();
  }

  @Override
  public String toString() {
    return "picture of " + width + " x " + height;
  }
}
