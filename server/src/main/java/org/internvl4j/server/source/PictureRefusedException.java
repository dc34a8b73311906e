package org.internvl4j.server.source;

import java.io.Serial;

/// A picture, video or file of a request is not there for the model to see. The message is one
/// sentence for who asked: it names no path, resolved address or class of the server.
public final class PictureRefusedException extends RuntimeException {
  /// Why.
  public enum Kind {
    /// What was named may not be read.
    NOT_ALLOWED,
    /// It may be read, but is not there.
    NOT_FOUND,
    /// It is above a limit on bytes or pixels.
    TOO_LARGE,
    /// It is not what it should be, or how it was sent is damaged.
    BROKEN,
    /// Too much is being fetched.
    BUSY,
    /// Its server cannot be reached, refuses or is too slow.
    UNREACHABLE
  }

  @Serial private static final long serialVersionUID = 1;

  private final Kind kind;

  PictureRefusedException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  PictureRefusedException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  static PictureRefusedException notAllowed(String message) {
    return new PictureRefusedException(Kind.NOT_ALLOWED, message);
  }

  static PictureRefusedException notFound(String message) {
    return new PictureRefusedException(Kind.NOT_FOUND, message);
  }

  static PictureRefusedException tooLarge(int bytes) {
    return new PictureRefusedException(
        Kind.TOO_LARGE, "the file is longer than the limit of " + bytes + " bytes; shrink it");
  }

  static PictureRefusedException broken(String message) {
    return new PictureRefusedException(Kind.BROKEN, message);
  }

  static PictureRefusedException unreachable(String message) {
    return new PictureRefusedException(Kind.UNREACHABLE, message);
  }

  public Kind kind() {
    return kind;
  }
}
