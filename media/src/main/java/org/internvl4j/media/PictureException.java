package org.internvl4j.media;

import java.io.Serial;

/// A picture could not be read or written. The message is one sentence: which file, what was
/// expected, what was found, what to do.
public final class PictureException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final boolean aboveLimit;
  private final String what;

  PictureException(String message) {
    super(message);
    this.aboveLimit = false;
    this.what = message;
  }

  private PictureException(String what, String advice) {
    super(what + "; " + advice);
    this.aboveLimit = true;
    this.what = what;
  }

  PictureException(String message, Throwable cause) {
    super(message, cause);
    this.aboveLimit = false;
    this.what = message;
  }

  /// @param advice what to do, where the limit may be raised
  static PictureException aboveLimit(String what, String advice) {
    return new PictureException(what, advice);
  }

  /// The message; where a limit is why, without the advice to raise it, which not everybody can
  /// follow.
  public String what() {
    return what;
  }

  /// Whether a limit of [PictureOptions] is why.
  public boolean isAboveLimit() {
    return aboveLimit;
  }
}
