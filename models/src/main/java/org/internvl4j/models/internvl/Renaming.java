package org.internvl4j.models.internvl;

import java.util.List;
import java.util.regex.Pattern;

/// What a part of a weight's name becomes in another layout.
record Renaming(Pattern from, String to) {
  Renaming(String from, String to) {
    this(Pattern.compile(from), to);
  }

  /// A name after the first of these that finds something in it.
  static String byFirst(List<Renaming> renamings, String name) {
    for (Renaming renaming : renamings) {
      if (renaming.from.matcher(name).find()) {
        return renaming.apply(name);
      }
    }
    return name;
  }

  /// A name after all of these, one after another.
  static String byAll(List<Renaming> renamings, String name) {
    String renamed = name;
    for (Renaming renaming : renamings) {
      renamed = renaming.apply(renamed);
    }
    return renamed;
  }

  private String apply(String name) {
    return from.matcher(name).replaceFirst(to);
  }
}
