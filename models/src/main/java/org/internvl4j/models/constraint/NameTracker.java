package org.internvl4j.models.constraint;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Follows a JSON text that is known to be right, byte by byte, for one thing: whether an object
/// has a name twice. A grammar cannot tell, since names may be any.
final class NameTracker {
  /// The names of an object so far, the last one first.
  private record Names(String name, @Nullable Names before) {
    static boolean has(@Nullable Names names, String name) {
      for (Names n = names; n != null; n = n.before) {
        if (n.name.equals(name)) {
          return true;
        }
      }
      return false;
    }
  }

  /// An object or array that is open.
  ///
  /// @param names of an object
  private record Level(boolean object, @Nullable Names names, @Nullable Level outer) {}

  private @Nullable Level level;
  private boolean nameComes;
  private boolean inText;
  private boolean inName;
  private boolean escaped;
  private byte[] name = new byte[64];
  private int length;

  /// Whether the text ends inside a name.
  boolean inName() {
    return inName;
  }

  /// Takes bytes.
  ///
  /// @return whether no object has a name twice so far
  boolean push(byte[] bytes) {
    boolean distinct = true;
    for (byte b : bytes) {
      distinct &= push(b);
    }
    return distinct;
  }

  /// Whether an object would have a name twice if these bytes came next.
  boolean repeats(byte[] bytes) {
    Level levelBefore = level;
    boolean[] flags = {nameComes, inText, inName, escaped};
    byte[] nameBefore = Arrays.copyOf(name, length);
    boolean distinct = push(bytes);
    level = levelBefore;
    nameComes = flags[0];
    inText = flags[1];
    inName = flags[2];
    escaped = flags[3];
    length = nameBefore.length;
    System.arraycopy(nameBefore, 0, name, 0, length);
    return !distinct;
  }

  private boolean push(byte b) {
    if (inText) {
      return pushText(b);
    }
    switch (b) {
      case '{' -> {
        level = new Level(true, null, level);
        nameComes = true;
      }
      case '[' -> {
        level = new Level(false, null, level);
        nameComes = false;
      }
      case '}', ']' -> {
        level = level == null ? null : level.outer;
        nameComes = false;
      }
      case ',' -> nameComes = level != null && level.object;
      case '"' -> {
        inText = true;
        inName = nameComes;
        nameComes = false;
        length = 0;
      }
      default -> {}
    }
    return true;
  }

  private boolean pushText(byte b) {
    boolean ends = b == '"' && !escaped;
    escaped = b == '\\' && !escaped;
    if (!ends) {
      if (inName) {
        if (length == name.length) {
          name = Arrays.copyOf(name, 2 * length);
        }
        name[length++] = b;
      }
      return true;
    }
    inText = false;
    if (!inName || level == null) {
      return true;
    }
    inName = false;
    String text = JsonText.unescaped(name, length);
    boolean distinct = !Names.has(level.names, text);
    level = new Level(true, new Names(text, level.names), level.outer);
    return distinct;
  }
}
