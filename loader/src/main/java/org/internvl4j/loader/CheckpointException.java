package org.internvl4j.loader;

import org.jspecify.annotations.Nullable;

/// A file that cannot be used, and why: `config.json: llm_config is missing`.
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String file;
  private final String what;

  /// @param file the file, folder or weight that is wrong
  /// @param what what was found and expected, lower case, no full stop
  public CheckpointException(String file, String what) {
    this(file, what, null);
  }

  /// @param cause what the system said, if it said anything
  public CheckpointException(String file, String what, @Nullable Throwable cause) {
    super(printable(file + ": " + what), cause);
    this.file = file;
    this.what = what;
  }

  /// The file, folder or weight that is wrong, as messages name it.
  public String file() {
    return file;
  }

  /// What is wrong with it.
  public String what() {
    return what;
  }

  /// Names come from files that anybody may have written: a message stays one short line.
  private static String printable(String message) {
    String cut = message.length() > 2000 ? message.substring(0, 2000) + "…" : message;
    StringBuilder line = new StringBuilder(cut.length());
    cut.chars()
        .forEach(c -> {
          if (Character.isISOControl(c)) {
            line.append("\\u%04x".formatted(c));
          } else {
            line.append((char) c);
          }
        });
    return line.toString();
  }
}
