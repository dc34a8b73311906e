package org.internvl4j.server.source;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The path in a `file:` URL or a plain text, in one spelling: names with slashes between them.
///
/// @param absolute whether it begins at the root
/// @param names none of them empty, `.` or `..`, none with a slash, backslash, colon or control
///   character
record FilePath(boolean absolute, List<String> names) {
  private static final int LONGEST = 4096;

  /// @throws PictureRefusedException if it is no such path
  static FilePath of(String text) {
    String path = text;
    if (text.regionMatches(true, 0, "file:", 0, "file:".length())) {
      path = decoded(text.substring("file:".length()));
    }
    List<String> names = path == null ? null : names(path);
    if (path == null || names == null) {
      throw PictureRefusedException.notAllowed(
          "the path of the file is not one that may be read; expected names with / between them, without .., backslashes, colons or control characters");
    }
    return new FilePath(path.startsWith("/"), names);
  }

  /// `/a/b`, `///a/b` or `//localhost/a/b`, without its percent signs; null for anything else.
  private static @Nullable String decoded(String rest) {
    String path = rest;
    if (rest.startsWith("//")) {
      int end = rest.indexOf('/', 2);
      String host = end < 0 ? rest : rest.substring(2, end);
      if (!host.isEmpty() && !host.equalsIgnoreCase("localhost")) {
        return null;
      }
      path = rest.substring(end);
    }
    byte[] bytes = path.indexOf('?') >= 0 || path.indexOf('#') >= 0 ? null : Percent.decode(path);
    if (bytes == null || !path.startsWith("/") || slashes(path) != slashes(bytes)) {
      return null;
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  private static long slashes(String text) {
    return text.chars().filter(c -> c == '/').count();
  }

  private static long slashes(byte[] text) {
    return slashes(new String(text, StandardCharsets.ISO_8859_1));
  }

  private static @Nullable List<String> names(String path) {
    boolean isSafe =
        path.chars().allMatch(c -> !Character.isISOControl(c) && c != '\\' && c != ':');
    if (!isSafe || path.length() > LONGEST) {
      return null;
    }
    List<String> names = new ArrayList<>();
    for (String name : path.substring(path.startsWith("/") ? 1 : 0).split("/", -1)) {
      boolean isHere = name.equals(".");
      if (name.isEmpty() || name.equals("..") || (isHere && !names.isEmpty())) {
        return null;
      }
      if (!isHere) {
        names.add(name);
      }
    }
    return List.copyOf(names);
  }
}
