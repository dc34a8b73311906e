package org.internvl4j.models;

/// How much memory a [Session] may take. Immutable; start from [#DEFAULT].
///
/// @param kvBytes bytes of keys and values of all answers together, on all devices; 0 for as many
///   as eight answers with half a context each need, 4,096 tokens at most
/// @param pictureBytes bytes of image tokens that are kept for pictures that come again
public record SessionOptions(long kvBytes, long pictureBytes) {
  public static final SessionOptions DEFAULT = new SessionOptions(0, 256L << 20);

  public SessionOptions {
    if (kvBytes < 0 || pictureBytes < 0) {
      throw new IllegalArgumentException(
          "session: kvBytes is "
              + kvBytes
              + " and pictureBytes is "
              + pictureBytes
              + ", expected none below 0");
    }
  }

  public SessionOptions withKvBytes(long kvBytes) {
    return new SessionOptions(kvBytes, pictureBytes);
  }

  public SessionOptions withPictureBytes(long pictureBytes) {
    return new SessionOptions(kvBytes, pictureBytes);
  }
}
