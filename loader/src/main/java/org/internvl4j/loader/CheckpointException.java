package org.internvl4j.loader;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A file that cannot be used, and why: `config.json: llm_config is missing`.
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int MAX_LENGTH = 2000;

  private final String file;
  private final String what;
  private final @Nullable String path;

  /// @param file the file, folder or weight that is wrong
  /// @param what what was found and expected, lower case, no full stop
  public CheckpointException(String file, String what) {
    this(file, what, null);
  }

  /// @param cause what the system said, if it said anything
  public CheckpointException(String file, String what, @Nullable Throwable cause) {
    this(file, null, what, cause);
  }

  private CheckpointException(
      String file, @Nullable String path, String what, @Nullable Throwable cause) {
    super(printable(file + ": " + what), cause);
    this.file = file;
    this.what = what;
    this.path = path;
  }

  /// A value in a file that cannot be used.
  ///
  /// @param path where in the file it stands: `llm_config.hidden_size`; empty for all of it
  /// @param what what is wrong with it: `is missing`
  public static CheckpointException of(String file, String path, String what) {
    return new CheckpointException(file, path, (path.isEmpty() ? "it" : path) + " " + what, null);
  }

  /// What the system said, without the name of a class.
  public static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "no such file or folder";
      case FileSystemException f when f.getReason() != null ->
          f.getReason().toLowerCase(Locale.ROOT);
      case FileNotFoundException f
          when String.valueOf(f.getMessage()).contains("ermission denied") ->
          "permission denied";
      default -> e.getMessage() == null ? "the system does not say why" : e.getMessage();
    };
  }

  /// The file, folder or weight that is wrong, as messages name it.
  public String file() {
    return file;
  }

  /// What is wrong with it.
  public String what() {
    return what;
  }

  /// Where in the file the value stands that is wrong; null if it is no single value.
  public @Nullable String path() {
    return path;
  }

  /// Names come from files that anybody may have written: a message stays one short line.
  private static String printable(String message) {
    StringBuilder line = new StringBuilder(Math.min(message.length(), MAX_LENGTH));
    for (int i = 0; i < message.length(); i++) {
      if (line.length() >= MAX_LENGTH) {
        return line.append('…').toString();
      }
      char c = message.charAt(i);
      if (Character.isISOControl(c)) {
        line.append("\\u%04x".formatted((int) c));
      } else {
        line.append(c);
      }
    }
    return line.toString();
  }
}
