package org.internvl4j.loader;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A model as people name it: `OWNER/NAME` or `NAME`, both perhaps with `@REVISION`.
///
/// No part of it leads anywhere as a path: each begins with a letter or digit and holds no more
/// than these, `_`, `-` and `.`; a revision may be several such parts with `/` between them.
///
/// @param owner null if it was not named
/// @param revision a branch, tag or commit; `main` if none was named
public record ModelName(@Nullable String owner, String name, String revision) {
  /// The revision that is meant where none is named.
  public static final String MAIN = "main";

  private static final String PART = "[A-Za-z0-9][\\w.-]*";
  private static final Pattern NAME =
      Pattern.compile("(?:(%1$s)/)?(%1$s)(?:@(%1$s(?:/%1$s)*))?".formatted(PART));

  /// Reads a name; null if it cannot be one.
  public static @Nullable ModelName find(String text) {
    Matcher name = NAME.matcher(text);
    if (!name.matches()) {
      return null;
    }
    String revision = name.group(3);
    return new ModelName(name.group(1), name.group(2), revision == null ? MAIN : revision);
  }

  /// The same model at another revision.
  public ModelName at(String other) {
    return new ModelName(owner, name, other);
  }

  /// Without the revision: `OWNER/NAME`.
  public String repository() {
    return owner == null ? name : owner + "/" + name;
  }

  /// As it would be typed.
  @Override
  public String toString() {
    return revision.equals(MAIN) ? repository() : repository() + "@" + revision;
  }
}
