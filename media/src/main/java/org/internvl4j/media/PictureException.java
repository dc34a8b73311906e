package org.internvl4j.media;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

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

  /// What the system said, without the name of a class.
  static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or folder";
      case FileSystemException f when f.getReason() != null ->
          f.getReason().toLowerCase(Locale.ROOT);
      default -> e.getMessage() == null ? "the system does not say why" : e.getMessage();
    };
  }
}
