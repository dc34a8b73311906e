package org.internvl4j.media;

import org.internvl4j.models.image.Picture;

/// A picture file whose header was read and found to be within limits, and nothing more: who has
/// many can find out what they take before any of them is decoded.
///
/// Immutable, keeps a copy of what matters of the file's bytes.
public final class PictureFile {
  /// Bytes of memory for each of [#pixels] while it is decoded.
  public static final int DECODING = 12;

  /// Bytes of memory for each of [#pixels] that its picture keeps.
  public static final int DECODED = 3;

  private final int length;
  private final Prepared prepared;
  private final boolean appliesOrientation;
  private final long pixels;

  private PictureFile(int length, Prepared prepared, boolean appliesOrientation, long pixels) {
    this.length = length;
    this.prepared = prepared;
    this.appliesOrientation = appliesOrientation;
    this.pixels = pixels;
  }

  /// Reads the header.
  ///
  /// @param bytes not changed
  /// @param name what messages call it
  /// @throws PictureException if it is no picture, is damaged or above a limit
  public static PictureFile of(byte[] bytes, String name, PictureOptions options) {
    if (bytes.length > options.maxBytes()) {
      throw Pictures.tooLong(name, options);
    }
    Prepared prepared = Prepared.of(new SourceFile(name, bytes), options);
    long pixels = Math.max(Decoder.pixels(prepared), Math.ceilDiv(prepared.memory(), DECODING));
    return new PictureFile(bytes.length, prepared, options.applyOrientation(), pixels);
  }

  /// Bytes of the file.
  public int length() {
    return length;
  }

  /// As how many its decoding counts: as many as there are, or more where it takes more than 12
  /// bytes of memory for each, as do some TIFF files.
  public long pixels() {
    return pixels;
  }

  /// Decodes it. 12 bytes for each of [#pixels] are room enough meanwhile: the widest image of a
  /// decoder (four samples of 16 bits) has 8 and the picture has 3, and TIFF files, which know
  /// wider ones, tell.
  ///
  /// @throws PictureException if it is damaged
  /// @throws java.util.concurrent.CancellationException soon after this thread was interrupted,
  ///   which it stays
  public Picture read() {
    Picture picture = Decoder.decode(prepared, Watch.INTERRUPT);
    return appliesOrientation || prepared.alwaysUpright()
        ? Orientation.upright(picture, prepared.orientation())
        : picture;
  }
}
