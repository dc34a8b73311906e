package org.internvl4j.parquet;

import java.io.IOException;
import java.io.Serial;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A Parquet file cannot be read. The message is one sentence: which file, what was expected, what
/// was found.
public final class ParquetException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;
  private static final int MAX_LENGTH = 500;

  private final String what;

  /// @param file its name
  /// @param what what is wrong with it, lower case, no full stop
  ParquetException(String file, String what, @Nullable Throwable cause) {
    super(printable(file + ": " + what), cause);
    this.what = printable(what);
  }

  /// The message without the file.
  public String what() {
    return what;
  }

  /// Whether the system could not read the file, or somebody changes it: nothing is known of what
  /// is in it.
  public boolean isUnread() {
    return getCause() instanceof Damage damage && damage.isUnread();
  }

  /// What the system said, without the name of a class.
  static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or folder";
      case ClosedChannelException _ -> "it was closed";
      case FileSystemException f when f.getReason() != null ->
          f.getReason().toLowerCase(Locale.ROOT);
      default ->
          e.getMessage() == null
              ? "the system does not say why"
              : e.getMessage().toLowerCase(Locale.ROOT);
    };
  }

  /// Names come from files that anybody may have written: a message stays one short line.
  private static String printable(String message) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < Math.min(message.length(), MAX_LENGTH); i++) {
      char c = message.charAt(i);
      line.append(Character.isISOControl(c) ? '?' : c);
    }
    return message.length() > MAX_LENGTH ? line.append('…').toString() : line.toString();
  }
}
